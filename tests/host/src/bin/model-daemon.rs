//! The model's daemon.

fn main() {
    host_tests::main();
}
