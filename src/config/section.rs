//! How a section of the settings is written down: each key once, with its reason and its default.

/// Makes a struct whose every field has a default and, if it is a number, a range. The doc comments
/// become the comments of `crosstalk.example.toml`.
macro_rules! section {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$field_meta:meta])+ $field:ident: $kind:ty = $default:expr $(, $min:literal to $max:literal)?;)+
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_meta])+ $(#[schemars(range(min = $min, max = $max))])? pub $field: $kind,)+
        }

        impl $name {
            /// The keys in the order of the example.
            pub(super) const KEYS: &[&str] = &[$(stringify!($field),)+];
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }
    };
}

pub(super) use section;
