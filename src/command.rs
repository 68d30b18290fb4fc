//! What can be asked on the command line.

mod check;
mod migrate;
mod nodes;
mod serve;
mod settings;
mod token;

use clap::{ArgGroup, Args, Parser, Subcommand};
use crosstalk::config::{self, Layers};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  crosstalk serve --data /srv/crosstalk          a server with the default settings
  crosstalk config default > crosstalk.toml      every setting, commented
  crosstalk config check --config crosstalk.toml
  crosstalk token --new-key dev > acme.jwks.json
  crosstalk token --key dev --company https://acme.example --subject alice";

const TOKEN_EXAMPLES: &str = "\
Examples:
  Make a key; register what is printed, and the company's issuer, with the company:
    crosstalk token --new-key dev > acme.jwks.json
  Be Alice of that company for an hour:
    crosstalk token --key dev --company https://acme.example --subject alice --name Alice --hours 1

Whoever has the key can be anybody of the company: use it for development only.";

const SERVE_EXAMPLES: &str = "\
Examples:
  crosstalk serve
  crosstalk serve --config /etc/crosstalk.toml --set log.format=json
  CROSSTALK_LISTEN_ADDRESS=127.0.0.1:8000 crosstalk serve --data /srv/crosstalk

Only an operator can make a company. To be one, in development:
  crosstalk token --new-key ops > ops.jwks.json
  crosstalk serve --set operators.issuer=urn:ops --set operators.keys_file=ops.jwks.json
  crosstalk token --key ops --issuer urn:ops --subject me";

const MIGRATE_EXAMPLES: &str = "\
Examples:
  Stop the server first; the keys go to the volume that the nodes share:
    cp -a /srv/crosstalk/keys/. /mnt/keys/
    crosstalk migrate --from /srv/crosstalk --config cluster.toml

where cluster.toml names store.server, and data.keys_directory = \"/mnt/keys\". The files stay as they are.";

const NODES_EXAMPLES: &str = "\
Examples:
  crosstalk nodes --config /etc/crosstalk.toml
  watch crosstalk nodes --config /etc/crosstalk.toml

A removal waits until no node is behind it, or its lease has run out.";

const CONFIG_EXAMPLES: &str = "\
Examples:
  crosstalk config default > crosstalk.toml
  crosstalk config show --config crosstalk.toml --set limits.pong_seconds=5
  CROSSTALK_LIMITS_PONG_SECONDS=5 crosstalk config show

The command line comes before the environment (CROSSTALK_SECTION_KEY), that before the file.";

/// A real-time server for rooms shared by people of different companies.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server. SIGTERM or SIGINT stops it: clients are told when to come back, and it exits
    /// with 0; a second signal stops it at once.
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(Settings),
    /// Prove that what the data directory holds is whole: every timeline is read from its beginning.
    /// Changes nothing, and may run beside the server. Exits with 1 where something is damaged.
    Check(Settings),
    /// List the nodes that share the database server of these settings: how long their leases last still,
    /// how many commits they are behind, and their connections.
    #[command(after_help = NODES_EXAMPLES)]
    Nodes(Settings),
    /// Move the store in a data directory to the database server of these settings, to be shared by many
    /// nodes. Every row is compared; nothing is there unless all of it is.
    #[command(after_help = MIGRATE_EXAMPLES)]
    Migrate(Migrate),
    /// Show and check the settings.
    #[command(subcommand, after_help = CONFIG_EXAMPLES)]
    Config(ConfigCommand),
    /// Talk on a terminal, or from a script: everything that a client can do.
    #[command(after_help = crate::chat::EXAMPLES)]
    Chat(crate::chat::Arguments),
    /// Run a server with two companies of people who talk, to look around in.
    #[command(after_help = crate::demo::EXAMPLES)]
    Demo(crate::demo::Arguments),
    /// Make a token for development, or the key that signs such tokens.
    #[command(after_help = TOKEN_EXAMPLES)]
    Token(Token),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every setting with its default and the reason for it.
    Default,
    /// Print the settings in force, and where each comes from.
    Show(Settings),
    /// Say whether the server can be started with these settings; if not, exit with 1.
    Check(Settings),
}

/// What is moved, and where to.
#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// The data directory of the store that is moved; no server may run on it.
    #[arg(long, value_name = "DIR")]
    pub(crate) from: PathBuf,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// Where the settings come from.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// The file of settings (TOML); `CROSSTALK_CONFIG` when absent.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A setting, as `limits.pong_seconds=5`; may be given several times.
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE", value_parser = crate::shell::key_and_value)]
    pub(crate) set: Vec<(String, String)>,
    /// Where clients connect; short for `--set listen.address=…`.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// The directory of the database and the files; short for `--set data.directory=…`.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<String>,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["new_key", "key"]))]
pub(crate) struct Token {
    /// Make a new key in this directory and print its public part, a JWKS.
    #[arg(long, value_name = "DIR", exclusive = true)]
    pub(crate) new_key: Option<PathBuf>,
    /// The directory of the key that signs.
    #[arg(long, value_name = "DIR", requires_all = ["company", "subject"])]
    pub(crate) key: Option<PathBuf>,
    /// The company's issuer, as it was registered with the company (the token's `iss`); for an
    /// operator's token, `operators.issuer`.
    #[arg(long, visible_alias = "issuer", value_name = "ISS")]
    pub(crate) company: Option<String>,
    /// Who, in the company's words (`sub`).
    #[arg(long, value_name = "SUB")]
    pub(crate) subject: Option<String>,
    /// How he is called, if he is made at his first sign-in.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The exact address by which others find him.
    #[arg(long)]
    pub(crate) address: Option<String>,
    /// For whom the token is (`aud`), if the issuer was registered with an audience.
    #[arg(long, value_name = "AUD")]
    pub(crate) audience: Option<String>,
    /// How long it is good.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..=8_760))]
    pub(crate) hours: u64,
}

impl Command {
    /// Does what was asked; what is to be printed.
    pub(crate) fn run(&self) -> anyhow::Result<String> {
        match self {
            Self::Serve(asked) => serve::run(asked),
            Self::Check(asked) => check::run(asked),
            Self::Nodes(asked) => nodes::run(asked),
            Self::Migrate(asked) => migrate::run(asked),
            Self::Config(asked) => Ok(settings::run(asked)?),
            Self::Chat(asked) => crate::chat::run(asked).map(|()| String::new()),
            Self::Demo(asked) => crate::demo::run(asked).map(|()| String::new()),
            Self::Token(asked) => token::run(asked),
        }
    }
}

impl Settings {
    /// The settings in force.
    fn layers(&self) -> Result<Layers, config::Error> {
        Layers::gather(self.config.as_deref(), &config::environment()?, &self.flags())
    }

    /// The settings said on the command line, `section.key` and value; the last one counts.
    pub(crate) fn flags(&self) -> Vec<(String, String)> {
        let named = [("listen.address", &self.listen), ("data.directory", &self.data)];
        let named = named.into_iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
        let named = named.map(|(key, value)| (key.to_owned(), value.clone()));
        self.set.iter().cloned().chain(named).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_token_needs_a_key_and_somebody() {
        let token = ["crosstalk", "token"];
        let parse = |more: &[&str]| Arguments::try_parse_from(token.iter().chain(more));
        assert!(parse(&[]).is_err());
        assert!(parse(&["--key", "dev"]).is_err());
        assert!(parse(&["--key", "dev", "--company", "c"]).is_err());
        assert!(parse(&["--new-key", "dev", "--subject", "alice"]).is_err());
        assert!(parse(&["--new-key", "dev"]).is_ok());
        assert!(parse(&["--key", "dev", "--issuer", "c", "--subject", "alice"]).is_ok());
    }

    #[test]
    fn flags_are_settings() {
        let show = ["crosstalk", "config", "show", "--set", "log.level=a=b", "--listen", "[::1]:1"];
        let Command::Config(ConfigCommand::Show(settings)) =
            Arguments::try_parse_from(show).unwrap().command
        else {
            panic!("another command");
        };
        let said = [("log.level", "a=b"), ("listen.address", "[::1]:1")];
        assert_eq!(settings.flags(), said.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
}
