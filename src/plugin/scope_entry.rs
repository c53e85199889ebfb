//! One entry of a capability's scope, as it stands in the capability file.
//!
//! The build script compiles this file too, to make the schema that editors check capability files against. So it must
//! know nothing but serde and, there, schemars.

use serde::Deserialize;

/// Which secrets of the host identity a window may name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(not(plugin_runtime), derive(schemars::JsonSchema), allow(dead_code))]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// A pattern for the names of secrets. `*` stands for any characters, `?` for one; case does not matter.
    pub key: String,
}
