//! Messages of a workspace's identity: what came in, waiting for it, and the one-time codes and links in it.
//!
//! It must not know Tauri or the command line, and [`codes`] must know nothing but text: no server, no files, no clock.

pub mod codes;
