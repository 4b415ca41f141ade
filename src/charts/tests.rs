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
    let alone = standalone(&Picture::Chart(chart), (620, 300));
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
    let chart = Picture::Chart(chart(vec![named("all", wave(100))]));
    let picture = png(&chart, (620, 300)).unwrap();
    assert_eq!(&picture[..8], b"\x89PNG\r\n\x1a\n");
    let decoder = ::png::Decoder::new(std::io::Cursor::new(&picture));
    let info = decoder.read_info().unwrap();
    assert_eq!((info.info().width, info.info().height), (1240, 600));
}

/// Two lines over three levels, with marks and whiskers.
fn levels() -> Chart {
    let mut chart = chart(vec![
        named("a", vec![(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]),
        named("b", vec![(0.0, 3.0), (2.0, 1.0)]),
    ]);
    chart.across = Across::Levels;
    chart.levels = ["1h", "<2h>", "4h"].map(str::to_owned).to_vec();
    chart.axis = "ttl".to_owned();
    for (series, one) in chart.series.iter().enumerate() {
        chart.marks.extend(one.points.iter().map(|at| Mark {
            series,
            at: *at,
            label: String::new(),
        }));
    }
    chart.whiskers.push(Whisker {
        series: 1,
        at: 2.0,
        low: 0.5,
        high: 9.0,
    });
    chart
}

#[test]
fn levels_have_names_marks_and_whiskers() {
    let drawn = svg(&levels(), (620, 250), "wide");
    for name in ["1h", "&lt;2h&gt;", "4h", "ttl"] {
        assert!(drawn.contains(&format!(">{name}</text>")), "{name}");
    }
    assert_eq!(drawn.matches("class=\"a0 d\"").count(), 3);
    assert_eq!(drawn.matches("class=\"a1 d\"").count(), 2);
    assert_eq!(drawn.matches("class=\"l1 w\"").count(), 1);
    // The whisker must be seen, so the axis reaches 10.
    assert!(drawn.contains(">10</text>"), "{drawn}");
    assert!(!drawn.contains("NaN"));
    // Names that do not fit are left out.
    let mut many = levels();
    many.levels = (0..200).map(|level| format!("level {level}")).collect();
    let drawn = svg(&many, (340, 230), "narrow");
    let shown = drawn.matches(">level ").count();
    assert!((2..=6).contains(&shown), "{shown}");
    assert!(png(&Picture::Chart(levels()), (620, 300)).is_ok());
}

#[test]
fn marks_alone_are_told_in_words_and_not_cut() {
    let mut chart = chart(vec![named("points", vec![])]);
    chart.across = Across::Values(Unit::Dollars);
    let mark = |x, y| Mark {
        series: 0,
        at: (x, y),
        label: "one".to_owned(),
    };
    chart.marks = vec![mark(100.0, 5.0), mark(300.0, 7.0)];
    let words = chart.in_words();
    assert!(words.ends_with("points: 2 of them, 5 to 7."), "{words}");
    let (low, high) = chart.extent();
    assert!(low < 100.0 && 300.0 < high);
}

fn heat() -> Heat {
    let cell = |value: Option<f64>, note: &str| Cell {
        value,
        note: note.to_owned(),
    };
    Heat {
        title: "hit_rate".to_owned(),
        unit: Unit::Ratio,
        across: ("ttl".to_owned(), vec!["1h".to_owned(), "2h".to_owned()]),
        down: ("shards".to_owned(), vec!["1".to_owned(), "2".to_owned()]),
        cells: vec![
            cell(Some(0.5), "fails"),
            cell(Some(0.75), ""),
            cell(None, ""),
            cell(Some(1.0), "best"),
        ],
    }
}

#[test]
fn a_heat_map_says_its_values() {
    let drawn = heat_svg(&heat(), 620, "wide");
    assert_eq!(drawn.matches("<polygon").count(), 3);
    // From the lightest to the darkest.
    for (class, value) in [("h h0", "50.00%"), ("h h4", "75.00%"), ("h h8", "100%")] {
        assert!(drawn.contains(&format!("class=\"{class}\"")), "{class}");
        assert!(drawn.contains(&format!(">{value}</text>")), "{value}");
    }
    for text in ["fails", "best", "1h", "2h", "ttl across, shards down"] {
        assert!(drawn.contains(&format!(">{text}</text>")), "{text}");
    }
    let words = heat().in_words();
    let expected = "hit_rate. Lowest 50.00% at ttl 1h and shards 1; highest 100% at ttl 2h and \
                    shards 2.";
    assert_eq!(words, expected);
    let mut none = heat();
    none.cells = vec![Cell::default(); 4];
    assert_eq!(none.in_words(), "hit_rate: no values.");
    assert_eq!(
        heat_svg(&none, 340, "narrow").matches("<polygon").count(),
        0
    );
    // Where cells are too narrow for figures, the table has them.
    let mut many = heat();
    many.across.1 = (0..24).map(|level| level.to_string()).collect();
    many.cells = vec![heat().cells[0].clone(); 48];
    assert!(!heat_svg(&many, 340, "narrow").contains(">50.00%</text>"));
    let alone = standalone(&Picture::Heat(heat()), (820, 380));
    assert!(alone.contains(">hit_rate</text>"));
    assert!(png(&Picture::Heat(heat()), (820, 380)).is_ok());
}
