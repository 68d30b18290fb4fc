//! Whereto and as whom: what is said on the command line.

use anyhow::{Context as _, bail};
use aws_lc_rs::digest::{SHA256, digest};
use clap::Args;
use crosstalk_loadtest::{Admin, Error, Target};
use crosstalk_protocol::ids::DeviceId;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

/// Where a server is when nobody says otherwise.
pub(crate) const USUAL_URL: &str = "ws://127.0.0.1:7600";

/// A token is not longer; what is is no file of one.
const TOKEN_BYTES_MAX: u64 = 16 * 1024;

/// Examples, for `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  crosstalk chat --token-file alice.token
  crosstalk chat --url ws://chat.example.com:7600 --token-file alice.token
  printf '/open 1\\nHello!\\n' | crosstalk chat --token-file alice.token
As a guest, with the invitation that a member got by /guest:
  crosstalk chat --invitation INVITATION --name Gus --token-file gus.token

Type /help inside. Lines that do not begin with / are said in the open room.";

/// Whereto, and as whom.
#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// The server.
    #[arg(long, value_name = "URL", default_value = USUAL_URL)]
    url: String,
    /// A file that holds the token. It is read again when the token ends.
    #[arg(long, value_name = "FILE", required_unless_present = "token")]
    token_file: Option<PathBuf>,
    /// The token itself. Others may see it in the list of processes: a file is better.
    #[arg(long, env = "CROSSTALK_TOKEN", hide_env_values = true, conflicts_with = "token_file")]
    token: Option<String>,
    /// Redeem a guest's invitation first: the token that it gives is written to the file of
    /// `--token-file`, which must not be there yet.
    #[arg(long, requires_all = ["name", "token_file"])]
    invitation: Option<String>,
    /// How the guest is called.
    #[arg(long, requires = "invitation")]
    name: Option<String>,
    /// The name of this device: the same name is the same device, and its newest connection stays.
    #[arg(long, value_name = "NAME", default_value = "terminal")]
    device: String,
}

impl Arguments {
    /// Whereto and as whom, after an invitation was redeemed if there is one.
    pub(super) async fn target(&self) -> anyhow::Result<Target> {
        if let (Some(invitation), Some(name)) = (&self.invitation, &self.name) {
            self.redeem(invitation, name).await?;
        }
        Ok(Target::new(self.url.clone(), self.token()?))
    }

    /// The token as it is now.
    pub(super) fn token(&self) -> anyhow::Result<String> {
        let Some(path) = &self.token_file else {
            return self.token.clone().context("a token is needed: --token-file FILE");
        };
        let mut token = String::new();
        let file =
            File::open(path).with_context(|| format!("the token file {}", path.display()))?;
        file.take(TOKEN_BYTES_MAX)
            .read_to_string(&mut token)
            .with_context(|| format!("the token file {}", path.display()))?;
        Ok(token.trim().to_owned())
    }

    /// Where a new token is to be put.
    pub(super) fn token_is_in(&self) -> String {
        match &self.token_file {
            Some(path) => format!("into {}", path.display()),
            None => "on the command line, and start again".to_owned(),
        }
    }

    /// The id of this device: the same each time, so that it keeps its place in the inbox.
    pub(super) fn device(&self) -> DeviceId {
        device_of(&self.device)
    }

    /// The server's address, as it was given.
    pub(super) fn server(&self) -> &str {
        &self.url
    }

    /// What another one has to say to come to the same server.
    pub(super) fn whereto(&self) -> String {
        if self.url == USUAL_URL {
            String::new()
        } else {
            format!(" --url {}", crate::shell::quoted(&self.url))
        }
    }

    /// The server's administration, as who has this token.
    pub(super) fn administration(&self, token: Option<String>) -> Admin {
        let base = http_of(&self.url);
        token
            .map_or_else(|| Admin::anonymous(base.clone()), |token| Admin::new(base.clone(), token))
    }

    async fn redeem(&self, invitation: &str, name: &str) -> anyhow::Result<()> {
        let path = self.token_file.as_ref().context("--token-file FILE is needed")?;
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .with_context(|| format!("{} can't be made for the token", path.display()))?;
        let redeemed = self.administration(None).redeem(invitation, name).await;
        if redeemed.is_err() {
            // It holds nothing, and would be in the way of a second try.
            std::fs::remove_file(path)?;
        }
        if let Err(Error::Refused(_)) = redeemed {
            bail!("this invitation was used already, or has ended: ask for another one");
        }
        let redeemed = redeemed?;
        Ok(file.write_all(redeemed.token.as_bytes())?)
    }
}

/// Where the same server speaks HTTP.
fn http_of(url: &str) -> String {
    let rest = url.strip_prefix("ws://").unwrap_or(url);
    format!("http://{}", rest.split('/').next().unwrap_or_default())
}

fn device_of(name: &str) -> DeviceId {
    let hash = digest(&SHA256, format!("crosstalk chat {name}").as_bytes());
    let bytes = hash.as_ref().first_chunk::<16>().copied().unwrap_or_default();
    DeviceId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_keeps_its_id_by_its_name() {
        assert_eq!(device_of("terminal"), device_of("terminal"));
        assert_ne!(device_of("terminal"), device_of("other"));
    }

    #[test]
    fn http_is_where_the_socket_is() {
        assert_eq!(http_of("ws://127.0.0.1:7600"), "http://127.0.0.1:7600");
        assert_eq!(http_of("ws://[::1]:80/v1/connect"), "http://[::1]:80");
    }
}
