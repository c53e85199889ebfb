//! The tests of the stand-in Ravi: over real HTTP, and as a program.

mod account;
mod calls;
mod control;
mod messages;
mod other_hand;
mod plan;
mod program;
mod support;
mod switches;
mod vault;
