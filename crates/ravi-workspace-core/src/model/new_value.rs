//! Where a new value of a secret comes from.

use secrecy::SecretString;

/// The default length of a generated value: 43 characters out of 62 are 256 bits.
pub const DEFAULT_LENGTH: usize = 43;

/// Where the new value of a secret comes from.
#[derive(Debug, Clone)]
pub enum NewValue {
    /// The caller has it.
    Given(SecretString),
    /// It consists of this many random letters and digits, 16 to 1024.
    Generated(usize),
}
