//! `report`, and `run --report`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;

use crate::desk::Desk;

#[test]
fn a_report_is_the_one_of_the_run() {
    let desk = Desk::new();
    desk.succeed(&["run", "small.toml", "--out", "one", "--report", "--quiet"]);
    let page = desk.read("one/report.html");
    assert_eq!(desk.succeed(&["report", "one"]), "one/report.html\n");
    assert_eq!(desk.read("one/report.html"), page);
    desk.succeed(&["run", "small.toml", "--out", "two", "--quiet"]);
    desk.succeed(&["report", "two", "--out", "elsewhere/page.html"]);
    assert_eq!(desk.read("elsewhere/page.html"), page);
    assert!(!desk.path("two/report.html").exists());
    // The next run into the folder takes the page of the old one away.
    desk.succeed(&[
        "run",
        "small.toml",
        "--out",
        "one",
        "--seed",
        "9",
        "--quiet",
    ]);
    assert!(!desk.path("one/report.html").exists());
}

#[test]
fn the_last_result_of_a_scenario_is_taken() {
    let desk = Desk::new();
    desk.succeed(&["run", "small.toml", "--quiet"]);
    let folder = desk.path("output/small");
    let id = fs::read_to_string(folder.join("latest")).unwrap();
    desk.succeed(&["report", "output/small"]);
    assert!(folder.join(id.trim()).join("report.html").exists());
}

#[test]
fn several_results_stand_side_by_side() {
    let desk = Desk::new();
    desk.succeed(&["run", "small.toml", "--out", "one", "--quiet"]);
    desk.succeed(&[
        "run",
        "small.toml",
        "--out",
        "two",
        "--seed",
        "2",
        "--quiet",
    ]);
    insta::assert_snapshot!(desk.fail(&["report", "one", "two"]));
    desk.succeed(&["report", "one", "two", "--out", "both.html"]);
    let page = desk.read("both.html");
    assert_eq!(page.matches("<article>").count(), 2);
    assert!(page.contains("Side by side"));
}

#[test]
fn charts_are_files() {
    let desk = Desk::new();
    desk.succeed(&["run", "small.toml", "--out", "one", "--quiet"]);
    let drawn = desk.succeed(&["report", "one", "--format", "svg"]);
    assert!(drawn.lines().count() >= 5, "{drawn}");
    let first = desk.read(drawn.lines().next().unwrap());
    assert!(first.starts_with("<svg xmlns=") && first.ends_with("</svg>\n"));
    let painted = desk.succeed(&["report", "one", "--format", "png", "--out", "pictures"]);
    assert_eq!(painted.lines().count(), drawn.lines().count());
    let first = fs::read(desk.path(painted.lines().next().unwrap())).unwrap();
    assert_eq!(&first[..4], b"\x89PNG");
    // Charts go with their result.
    desk.succeed(&["run", "small.toml", "--out", "one", "--quiet"]);
    assert!(!desk.path("one/charts").exists());
}

#[test]
fn a_sweep_has_a_page_and_charts() {
    let desk = crate::sweep::desk();
    let sweep = ["sweep", "tiny-sweep.toml", "-q", "--out"];
    desk.run(&[&sweep[..], &["all", "--report"]].concat());
    let page = desk.read("all/report.html");
    assert_eq!(desk.succeed(&["report", "all"]), "all/report.html\n");
    assert_eq!(desk.read("all/report.html"), page);
    // What a reader looks for is text, whatever becomes of the drawings.
    let text =
        regex_lite::Regex::new("(?s)<style>.*?</style>|<script.*?</script>|<svg.*?</svg>|<[^>]*>");
    let text = text.unwrap().replace_all(&page, " ").into_owned();
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    let text = text.split("The sweep as resolved").next().unwrap();
    insta::assert_snapshot!(
        "sweep_page",
        text.replace(env!("CARGO_PKG_VERSION"), "VERSION")
    );
    // Charts of each kind, which go with their sweep.
    let drawn = desk.succeed(&["report", "all", "--format", "svg"]);
    insta::assert_snapshot!("sweep_charts", drawn);
    for file in drawn.lines() {
        let drawing = desk.read(file);
        assert!(
            drawing.starts_with("<svg xmlns=") && drawing.ends_with("</svg>\n"),
            "{file}"
        );
    }
    let painted = desk.succeed(&["report", "all", "--format", "png", "--out", "pictures"]);
    assert_eq!(painted.lines().count(), drawn.lines().count());
    desk.run(&[&sweep[..], &["all"]].concat());
    assert_eq!(desk.names("all")[1..], crate::sweep::FILES);
    // One at a time, whole, and no part.
    let mut told = vec![desk.fail(&["report", "all", "all", "--out", "both.html"])];
    let document = desk.read("all/sweep.json");
    desk.write("all/sweep.json", &document[..document.len() / 2]);
    told.push(desk.fail(&["report", "all"]));
    desk.write(
        "all/sweep.json",
        document.replace("\"reference\": 0", "\"reference\": 77"),
    );
    told.push(desk.fail(&["report", "all"]));
    desk.write(
        "all/sweep.json",
        document.replacen("\"schema_version\": 1", "\"schema_version\": 9", 1),
    );
    told.push(desk.fail(&["report", "all"]));
    desk.write("all/sweep.json", document);
    fs::remove_file(desk.path("all/sensitivity.csv")).unwrap();
    told.push(desk.fail(&["report", "all"]));
    told.push(
        desk.fail(
            &[
                &sweep[..],
                &["part", "--report", "--partition", "slice:1/2"],
            ]
            .concat(),
        ),
    );
    insta::assert_snapshot!("sweep_page_refused", told.join("\n"));
}

#[test]
fn a_latin_hypercube_has_a_mark_for_each_point() {
    let desk = crate::sweep::desk();
    desk.write(
        "cube.toml",
        "extends = \"small.toml\"\nname = \"cube\"\nduration = \"30m\"\nwarmup = \"15m\"\n\
         [sweep]\nlayout = \"latin-hypercube\"\nsamples = 12\nreplicates = 1\n\
         pareto = [\"lowest memory\", \"lowest sessions_lost\"]\n\
         [[sweep.axes]]\nname = \"memory\"\nkey = \"store.maxmemory\"\nfrom = \"2MiB\"\nto = \"6MiB\"\n\
         count = 12\n[[sweep.axes]]\nname = \"people\"\nkey = \"users.customers.concurrent\"\n\
         from = 50\nto = 150\ncount = 12\n[[sweep.axes]]\nname = \"key\"\n\
         key = \"users.customers.session.key\"\nvalues = [\"s:<id>\", \"session:<id>\"]\n",
    );
    desk.succeed(&["sweep", "cube.toml", "--out", "all", "--report", "-q"]);
    let page = desk.read("all/report.html");
    // Values are text, wherever they stand.
    assert!(!page.contains("<id>") && page.contains("s:\\u003cid>"));
    assert!(page.contains("memory explains") && !page.contains("class=\"map\""));
    // Twelve marks in the chart of the front, and in each drawing of the others.
    let drawn = desk.succeed(&["report", "all", "--format", "svg"]);
    let front = drawn
        .lines()
        .find(|line| line.contains("against-memory"))
        .unwrap();
    let front = desk.read(front);
    let marks = front.matches("class=\"a0 d\"").count() + front.matches("class=\"a1 d\"").count();
    // Each of the two series has one in the legend.
    assert_eq!(marks, 14, "{front}");
}

#[test]
fn a_broken_result_is_told_and_nothing_is_written() {
    let desk = Desk::new();
    desk.succeed(&["run", "small.toml", "--out", "one", "--quiet"]);
    desk.write("page.html", "mine");
    let mut told = Vec::new();
    let fail = |run: &str| desk.fail(&["report", run, "--out", "page.html"]);
    told.push(fail("nowhere"));
    told.push(fail("small.toml"));
    let summary = desk.read("one/summary.json");
    desk.write("one/summary.json", &summary[..summary.len() / 2]);
    told.push(fail("one").split(" at line").next().unwrap().to_owned());
    let older = summary.replace("\"schema_version\": 1", "\"schema_version\": 0");
    desk.write("one/summary.json", older);
    told.push(fail("one"));
    desk.write("one/summary.json", &summary);
    desk.write("one/timeseries.csv", "start,end\n0,x\n");
    told.push(fail("one"));
    desk.write("one/timeseries.csv", b"\xff\xfe");
    told.push(fail("one"));
    fs::remove_file(desk.path("one/latency.csv")).unwrap();
    desk.write("one/timeseries.csv", "start,end\n");
    told.push(fail("one"));
    insta::assert_snapshot!(told.join("\n"));
    assert_eq!(desk.read("page.html"), "mine");
    assert_eq!(desk.names("."), ["one", "page.html", "small.toml"]);
}
