//! Any text: it loads, or its problems can be shown. What loads, loads again from its resolved text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionsim::metrics::expect::JUDGE;
use sessionsim::scenario::{Input, load_input, no_trace};

fuzz_target!(|text: &str| {
    let load = |text: &str| {
        load_input(&Input {
            name: "fuzz.toml",
            text,
            sets: &[],
            base: &|_, _| Err("there are no other files".to_owned()),
            trace: &no_trace,
            judge: Some(JUDGE),
        })
    };
    match load(text) {
        Ok(loaded) => {
            let resolved = loaded.scenario.to_toml();
            let again = load(&resolved).expect("a resolved scenario is valid");
            assert_eq!(again.scenario, loaded.scenario);
        }
        Err(problems) => {
            assert!(!problems.list.is_empty());
            let _ = problems.render(true);
        }
    }
});
