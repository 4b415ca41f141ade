//! Expectations as texts.

use super::*;

#[test]
fn what_is_written_is_read() {
    for (text, bound) in [
        ("hit_rate >= 95%", Bound::Ratio(950_000_000)),
        ("db_load_saved > -2.5%", Bound::Ratio(-25_000_000)),
        ("latency.p99 < 5ms", Bound::Span(Span::from_millis(5))),
        ("evicted_keys == 0", Bound::Count(0)),
        ("sessions_lost != 1000", Bound::Count(1000)),
        ("used_memory_max <= 2GiB", Bound::Bytes(Bytes(2 << 30))),
        (
            "request_rate_max <= 12.5/s",
            Bound::Rate(Rate(12_500_000_000)),
        ),
    ] {
        let Ok((expectation, [metric, value])) = parse(text) else {
            panic!("{text} is no expectation");
        };
        assert_eq!(expectation.bound, bound, "{text}");
        assert_eq!(expectation.to_string(), text);
        assert_eq!(text[metric.0..metric.1], expectation.metric);
        assert_eq!(text[value.0..value.1], expectation.bound.to_string());
    }
    let Ok((expectation, _)) = parse("  requests>=10_000 ") else {
        panic!("spaces do not matter");
    };
    assert_eq!(expectation.to_string(), "requests >= 10000");
}

#[test]
fn what_is_malformed_is_told() {
    for text in [
        "",
        "hit_rate",
        ">= 3",
        "a = 3",
        "a =< 3",
        "a <> 3",
        "a >= ",
        "a >= many",
        "a >= 3 s t",
        "a < -3",
        "a < 99999999999999999999",
        "a < 101%",
        "a < --3%",
        "a < 1.5",
        "a < nan",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}
