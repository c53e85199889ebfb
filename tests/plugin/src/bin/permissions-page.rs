//! Prints `docs/permissions.md`.

fn main() {
    print!("{}", plugin_tests::page::page());
}
