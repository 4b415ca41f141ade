//! What is drawn, and what a chart says of itself.

use super::*;

fn wave(points: usize) -> Vec<(f64, f64)> {
    (0..points)
        .map(|n| (n as f64 * 60.0, libm::sin(n as f64 / 50.0) + 2.0))
        .collect()
}

fn chart(series: Vec<Series>) -> Chart {
    Chart::over_time("Hits & <misses>", Unit::Count, series)
}

fn named(name: &str, points: Vec<(f64, f64)>) -> Series {
    Series {
        name: name.to_owned(),
        points,
    }
}

#[test]
fn thinning_keeps_ends_and_extremes() {
    let mut points = wave(10_000);
    points[4321].1 = 99.0;
    points[1234].1 = -99.0;
    let kept = thin(&points, MOST_POINTS);
    assert!(kept.len() <= MOST_POINTS && kept.len() > MOST_POINTS / 2);
    assert_eq!((kept.first(), kept.last()), (points.first(), points.last()));
    assert!(kept.contains(&points[4321]) && kept.contains(&points[1234]));
    assert!(kept.is_sorted_by(|a, b| a.0 < b.0));
    assert_eq!(thin(&points[..300], 300), points[..300]);
}

#[test]
fn averages_keep_the_area() {
    let points = wave(1000);
    let means = averages(&points, 100);
    let sum = |points: &[(f64, f64)]| points.iter().map(|p| p.1).sum::<f64>();
    assert_eq!(means.len(), 100);
    assert!((sum(&means) * 10.0 - sum(&points)).abs() < 1e-6);
}

#[test]
fn drawings_have_text_classes_and_words() {
    let mut chart = chart(vec![named("all", wave(100)), named("<b>", wave(100))]);
    chart.limits.push(Limit {
        at: 2.5,
        label: "limit".to_owned(),
    });
    chart.markers.push(Marker {
        at: 1200.0,
        label: "fault".to_owned(),
    });
    let drawn = svg(&chart, (620, 260), "wide");
    assert_eq!(drawn, svg(&chart, (620, 260), "wide"));
    assert!(drawn.contains(">limit</text>") && drawn.contains(">fault</text>"));
    assert!(drawn.contains("class=\"l0\"") && drawn.contains("class=\"l1\""));
    assert!(drawn.contains("aria-label=\"Hits &amp; &lt;misses&gt;. all: 2 to 3, at the end"));
    assert!(!drawn.contains("<b>") && !drawn.contains("NaN") && !drawn.contains("style="));
    let alone = standalone(&chart, (620, 300));
    assert!(
        alone.contains(">Hits &amp; &lt;misses&gt;</text>") && alone.contains(">&lt;b&gt;</text>")
    );
}

#[test]
fn areas_lie_on_each_other() {
    let flat = |height| vec![(0.0, height), (60.0, height)];
    let mut chart = chart(vec![named("a", flat(1.0)), named("b", flat(2.0))]);
    chart.style = Style::Stacked;
    let drawn = svg(&chart, (400, 200), "");
    let outlines: Vec<&str> = drawn
        .lines()
        .filter(|line| line.starts_with("<polygon"))
        .collect();
    assert_eq!(outlines.len(), 2);
    // The second one's ground is the first one's top.
    let points = |line: &str| {
        let list = line.split('"').nth(3).unwrap();
        list.split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    let (first, second) = (points(outlines[0]), points(outlines[1]));
    assert_eq!([&first[0], &first[1]], [&second[3], &second[2]]);
}

#[test]
fn nothing_and_a_single_point_can_be_drawn() {
    for series in [
        vec![],
        vec![named("a", vec![])],
        vec![named("a", vec![(5.0, 0.0)])],
    ] {
        let drawn = svg(&chart(series), (340, 200), "");
        assert!(drawn.ends_with("</svg>") && !drawn.contains("NaN"));
    }
}

#[test]
fn pictures_are_png() {
    let picture = png(&chart(vec![named("all", wave(100))]), (620, 300)).unwrap();
    assert_eq!(&picture[..8], b"\x89PNG\r\n\x1a\n");
    let decoder = ::png::Decoder::new(std::io::Cursor::new(&picture));
    let info = decoder.read_info().unwrap();
    assert_eq!((info.info().width, info.info().height), (1240, 600));
}
