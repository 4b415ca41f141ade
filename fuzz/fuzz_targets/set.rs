//! Any `--set` on a valid scenario: it loads, or its problems can be shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionsim::scenario::load_with;

const CARTS: &str = include_str!("../../scenarios/ecommerce-carts.toml");

fuzz_target!(|text: &str| {
    let (path, value) = text.split_once('=').unwrap_or((text, ""));
    if let Err(problems) = load_with("carts.toml", CARTS, &[(path, value)]) {
        assert!(!problems.list.is_empty());
        let _ = problems.render(true);
    }
});
