//! Who plays: two companies, their people, and the keys that sign their tokens.

use anyhow::Context as _;
use crosstalk::authority::Time;
use crosstalk::identity::mint::{Grant, Mint};
use crosstalk_loadtest::admin::Issuer;
use crosstalk_loadtest::{Admin, Target};
use jiff::Timestamp;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{self, Path, PathBuf};
use std::time::Duration;

/// How long the tokens of a start are good.
const TOKEN_LIFETIME: Duration = Duration::from_hours(30 * 24);

/// Everybody, with the server they are at.
pub(super) struct Cast {
    pub(super) address: SocketAddr,
    pub(super) companies: Vec<Company>,
    pub(super) people: Vec<Person>,
    home: PathBuf,
}

/// A company.
pub(super) struct Company {
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    mint: Mint,
}

/// One of its people.
pub(super) struct Person {
    /// His subject, and how the script calls him.
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) company: &'static str,
    pub(super) administrator: bool,
}

const COMPANIES: [(&str, &str); 2] =
    [("hana", "Hana Trading"), ("northwind", "Northwind Logistics")];

const PEOPLE: [(&str, &str, &str, bool); 9] = [
    ("yuki", "Yuki Tanaka", "hana", false),
    ("kenji", "Kenji Sato", "hana", false),
    ("haruto", "Haruto Ito", "hana", false),
    ("aiko", "Aiko Mori", "hana", true),
    ("emma", "Emma de Vries", "northwind", false),
    ("lars", "Lars Jansen", "northwind", false),
    ("sofia", "Sofia Rossi", "northwind", false),
    ("piet", "Piet Visser", "northwind", false),
    ("tom", "Tom Becker", "northwind", true),
];

impl Cast {
    /// Everybody, with the keys in this directory.
    pub(super) fn open(home: &Path, address: SocketAddr) -> anyhow::Result<Self> {
        let companies = COMPANIES.map(|(key, name)| {
            let mint = Mint::open_or_create(&home.join("companies").join(key))?;
            Ok(Company { key, name, mint })
        });
        let companies = companies.into_iter().collect::<anyhow::Result<_>>()?;
        let people = PEOPLE.map(|(key, name, company, administrator)| Person {
            key,
            name,
            company,
            administrator,
        });
        Ok(Self { address, companies, people: people.into(), home: home.to_owned() })
    }

    /// A token of this person.
    pub(super) fn token(&self, person: &Person) -> anyhow::Result<String> {
        let company = self.companies.iter().find(|company| company.key == person.company);
        let company = company.context("everybody is of a company")?;
        sign(&company.mint, &company.issuer(), person.key)
    }

    /// Where this person's chat connects.
    pub(super) fn target(&self, person: &Person) -> anyhow::Result<Target> {
        Ok(Target::new(format!("ws://{}", self.address), self.token(person)?))
    }

    /// The administration, as who has this token.
    pub(super) fn admin(&self, token: String) -> Admin {
        Admin::new(format!("http://{}", self.address), token)
    }

    /// The file of a person's token, as it is called from anywhere.
    pub(super) fn token_file(&self, person: &Person) -> io::Result<PathBuf> {
        path::absolute(self.home.join("tokens").join(person.key).with_extension("token"))
    }

    /// Writes everybody's token where only the owner of this process can read it.
    pub(super) fn write_tokens(&self) -> anyhow::Result<()> {
        fs::create_dir_all(self.home.join("tokens"))?;
        for person in &self.people {
            let path = self.token_file(person)?;
            let mut options = OpenOptions::new();
            let mut file =
                options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
            file.write_all(self.token(person)?.as_bytes())?;
        }
        Ok(())
    }
}

impl Company {
    fn issuer(&self) -> String {
        format!("https://{}.example", self.key)
    }

    /// What the operator registers.
    pub(super) fn registration(&self) -> anyhow::Result<Issuer> {
        let keys = serde_json::from_str(&self.mint.jwks())?;
        Ok(Issuer { issuer: self.issuer(), audience: None, keys })
    }
}

impl Person {
    /// By which others find him.
    pub(super) fn address(&self) -> String {
        format!("{}@{}.example", self.key, self.company)
    }
}

/// A token of this subject.
pub(super) fn sign(mint: &Mint, issuer: &str, subject: &str) -> anyhow::Result<String> {
    let grant = Grant {
        issuer,
        audience: None,
        subject,
        name: None,
        address: None,
        issued_at: Time(Timestamp::now().as_microsecond()),
        lifetime: TOKEN_LIFETIME,
    };
    Ok(mint.sign(&grant)?.reveal().to_owned())
}
