//! The address of the database server, with its password.

use super::StartError;
use crate::config::Store;

/// The address that the settings name, if they name one, with the password from its file.
///
/// # Errors
/// [`StartError::PasswordFile`] where that can't be read.
pub fn database(store: &Store) -> Result<Option<String>, StartError> {
    let Some(server) = &store.server else { return Ok(None) };
    let Some(file) = &store.password_file else { return Ok(Some(server.clone())) };
    let read = std::fs::read_to_string(file);
    let text = read.map_err(|source| StartError::PasswordFile { path: file.to_owned(), source })?;
    Ok(Some(format!("{server} password={}", quoted(text.trim_end_matches(['\r', '\n'])))))
}

/// As a value stands in an address, whatever it holds.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_stands_in_the_address_as_it_is() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let password = r"it's a \ secret";
        std::fs::write(file.path(), format!("{password}\n")).unwrap();
        let store = Store {
            server: Some("host=db user=crosstalk".to_owned()),
            password_file: Some(file.path().to_owned()),
            ..Store::default()
        };
        let address = database(&store).unwrap().unwrap();
        let read: postgres::Config = address.parse().unwrap();
        assert_eq!(read.get_password(), Some(password.as_bytes()));
        assert_eq!(read.get_user(), Some("crosstalk"));
        assert_eq!(database(&Store::default()).unwrap(), None);
    }

    #[test]
    fn a_password_that_is_not_there_is_told() {
        let store = Store {
            server: Some("host=db".to_owned()),
            password_file: Some("/nowhere/password".into()),
            ..Store::default()
        };
        let told = database(&store).unwrap_err().to_string();
        assert!(told.contains("store.password_file: /nowhere/password"), "{told}");
    }
}
