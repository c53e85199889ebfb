//! Prints `docs/errors.md`.

fn main() {
    print!("{}", plugin_tests::errors_page::page());
}
