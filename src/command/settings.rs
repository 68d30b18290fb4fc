//! `crosstalk config`.

use super::ConfigCommand;
use crosstalk::config;

/// What is to be printed.
pub(super) fn run(asked: &ConfigCommand) -> Result<String, config::Error> {
    match asked {
        ConfigCommand::Default => Ok(config::example()),
        ConfigCommand::Show(settings) => Ok(settings.layers()?.show()),
        ConfigCommand::Check(settings) => {
            settings.layers()?;
            Ok("The settings are sound.\n".to_owned())
        }
    }
}
