//! The address of the database server, with its password.

use super::StartError;
use crate::config::Store;
use crate::timeline::embedded::Address;

/// The server that the settings name, if they name one, with the password from its file.
///
/// # Errors
/// [`StartError::PasswordFile`] where that can't be read, [`StartError::Database`] where the address is none.
pub fn database(store: &Store) -> Result<Option<Address>, StartError> {
    let Some(server) = &store.server else { return Ok(None) };
    let address = Address::new(server, store.ca_file.as_deref())?;
    let Some(file) = &store.password_file else { return Ok(Some(address)) };
    let read = std::fs::read_to_string(file);
    let text = read.map_err(|source| StartError::PasswordFile { path: file.to_owned(), source })?;
    Ok(Some(address.with_password(text.trim_end_matches(['\r', '\n']))))
}

#[cfg(test)]
mod tests {
    use super::*;

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
