//! An executor that a user has written.

use crate::programs::printed;

#[test]
fn rayon_pool_infers_its_closures_and_a_panic_in_it_is_an_error() {
    let text = printed("rayon_pool", &[]);
    let lines = [
        "1.5 + 2.0 = 3.5",
        "The first thousand squares are 333833500 together",
        "The longest word is \"not\"",
        "A panic is an error: a number was promised: ParseIntError { kind: InvalidDigit }",
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), lines);
}
