//! Structure of the page, without a browser: titles, units, alternatives, escaping, size.

use super::*;
use crate::metrics::recorder::Recorder;
use crate::report::identity::Identity;
use crate::scenario;
use crate::world;

const HOSTILE: &str = "</script><script>alert(1)</script><b onload=x>\\\"'&";

/// A store under pressure, whose scenario tries to inject markup wherever it can have text.
fn saved() -> Saved {
    let text = format!(
        "name = \"shop\"\ndescription = \"{HOSTILE}\"\nduration = \"2h\"\nwarmup = \"30m\"\n\
         window = \"10s\"\n\
         expect = [{{ that = \"evicted_keys == 0\", why = \"{HOSTILE}\" }}]\n\
         [store]\nnode_type = \"own\"\nshards = 2\n\
         [[node_types]]\nname = \"own\"\nmaxmemory = \"4MiB\"\nprice_per_hour = \"$0.10\"\n\
         [[workloads]]\nname = \"query-results\"\nkind = \"query-cache\"\nobjects = 50\n\
         rate = \"1/s\"\nbytes = \"1KB\"\nttl = \"5m\"\n\
         [[alarms]]\nname = \"{HOSTILE}\"\nwhen = \"Evictions > 0\"\n\
         [[users]]\nname = \"guests\"\nlogin = false\narrival_rate = \"2/s\"\n\
         modify_share = \"20%\"\nlogout_share = \"20%\"\nstay = \"5m\"\n\
         session = {{ bytes = \"3KB\", ttl = \"30m\" }}\n"
    );
    let loaded = scenario::load("shop.toml", &text);
    let scenario = loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let identity = Identity::new(scenario.to_toml(), scenario.seed, 0);
    let recorder = Recorder::new(&scenario);
    let simulated = world::simulate(&scenario, 0, recorder, &mut |_, _| true);
    of_outcome(Outcome {
        scenario: &scenario,
        identity: &identity,
        measurements: &simulated.probe.finish(),
    })
}

/// Every part of `text` between `begin` and `end`.
fn between<'a>(text: &'a str, begin: &'a str, end: &'a str) -> Vec<&'a str> {
    let parts = text.split(begin).skip(1);
    parts.map(|part| part.split(end).next().unwrap()).collect()
}

#[test]
fn every_figure_has_title_units_words_table_and_data() {
    let page = render(&[saved()]);
    assert_eq!(page, render(&[saved()]), "equal results give equal pages");
    let figures = between(&page, "<figure>", "</figure>");
    assert!(figures.len() >= 10, "{} figures", figures.len());
    for figure in figures {
        let title = between(figure, "<h3>", "</h3>")[0];
        assert!(!title.is_empty());
        // Drawn for wide and for narrow screens, each with words.
        assert_eq!(figure.matches("role=\"img\"").count(), 2, "{title}");
        for words in between(figure, "aria-label=\"", "\"") {
            assert!(words.starts_with(title) && words.contains(':'), "{words}");
        }
        let ticks = between(figure, "<text", "</text>");
        let with_unit = |tick: &&str| {
            let label = tick.split('>').nth(1).unwrap();
            ["%", " s", " ms", "\u{b5}s", " ns", "iB", "/s", "$"]
                .iter()
                .any(|unit| label.contains(unit))
                || label.parse::<f64>().is_ok()
                || label.ends_with('k')
        };
        assert!(ticks.iter().any(with_unit), "{title}: {ticks:?}");
        let rows = figure.matches("<th scope=\"row\">").count();
        assert!((1..=24).contains(&rows), "{title}: {rows} rows");
        let data = between(figure, "class=\"data\">", "</script>")[0];
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        for series in data["s"].as_array().unwrap() {
            let points = series["p"].as_array().unwrap().len() / 2;
            assert!(points <= charts::MOST_POINTS, "{title}: {points} points");
        }
    }
}

#[test]
fn text_of_a_scenario_is_text() {
    let page = render(&[saved(), saved()]);
    assert!(!page.contains("<script>alert") && !page.contains("<b onload"));
    assert!(page.contains("&lt;script&gt;alert") || page.contains("&#60;script&#62;alert"));
    // One script of the page, and one element with data a figure.
    let scripts = page.matches("<script").count();
    assert_eq!(scripts, 1 + page.matches("<figure>").count());
}

#[test]
fn a_page_needs_nothing_from_elsewhere() {
    let page = render(&[saved()]);
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        let found = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!found.contains(outside), "{outside}");
    }
    assert!(page.len() < 600_000, "{} bytes", page.len());
}

#[test]
fn the_answer_comes_first() {
    let page = render(&[saved()]);
    let answer = page.find("Does the plan hold?").unwrap();
    assert!(
        answer < page.find("<figure>").unwrap() && answer < page.find("<h2>Expectations").unwrap()
    );
    assert!(page.contains("No: 1 of 1 expectation is not met: evicted_keys == 0."));
    assert!(page.contains("keys were evicted for want of memory"));
    assert!(page.contains("None: memory is full."));
    assert!(page.contains("class=\"answer bad\""));
}

/// Interrupted in its warm-up, a run has shown nothing: neither that all is well.
#[test]
fn a_page_over_nothing_claims_nothing() {
    let mut nothing = saved();
    nothing.summary.complete = false;
    nothing.summary.measured_seconds = 0.0;
    nothing.summary.first_noticed_seconds = None;
    for alarm in &mut nothing.summary.alarms {
        alarm.fired.clear();
    }
    for value in nothing.summary.metrics.values_mut() {
        *value = None;
    }
    nothing.columns.clear();
    nothing.classes.clear();
    nothing.nodes.clear();
    nothing.latency.clear();
    let page = render(&[nothing]);
    assert_eq!(page.matches("Nothing was measured.").count(), 3);
    for claim in [
        "Nothing broke",
        "no user noticed",
        "Over time",
        "What became",
    ] {
        assert!(!page.contains(claim), "{claim}");
    }
}

#[test]
fn what_else_used_the_nodes_is_shown() {
    let page = render(&[saved()]);
    let part = between(&page, "<h2>Beside the sessions</h2>", "</section>")[0];
    assert!(
        part.contains("query-results") && part.contains("iB</td>"),
        "{part}"
    );
    let mut alone = saved();
    alone.summary.workloads.clear();
    assert!(!render(&[alone]).contains("Beside the sessions"));
}

#[test]
fn a_new_metric_gets_a_chart_without_a_line_here() {
    let mut saved = saved();
    let values = saved.times.iter().map(|at| Some(at / 1e3));
    saved.columns.push(saved::Column {
        name: "tomorrows_metric".to_owned(),
        values: values.clone().collect(),
    });
    for node in ["node_1", "node_2"] {
        saved.columns.push(saved::Column {
            name: format!("used_memory.{node}"),
            values: values.clone().collect(),
        });
    }
    let page = render(&[saved]);
    assert!(page.contains("<h3>Tomorrows metric</h3>") && page.contains("<h3>Used memory</h3>"));
    assert!(page.contains("node 1") && page.contains("node 2"));
}

#[test]
fn damaged_files_are_told() {
    let toml = "name = \"x\"\n";
    let timeseries = "start,end,hit_rate\n0,60,0.5\n";
    let latency = "kind,quantile,seconds\nlatency,0.5,0.001\n";
    let read = |timeseries: &str, latency: &str, summary: &str| {
        Saved::read(&[toml, timeseries, latency, summary]).unwrap_err()
    };
    let old = read(timeseries, latency, "{\"schema_version\": 0}");
    assert!(old.contains("schema version 0") && old.contains("run its scenario.toml again"));
    let cut = read(timeseries, latency, "{\"schema_version\": 1, \"scen");
    assert!(cut.starts_with("its summary.json is damaged: "), "{cut}");
    let lacking = read(timeseries, latency, "{\"schema_version\": 1}");
    assert!(lacking.contains("missing field"), "{lacking}");
    let whole = serde_json::to_string(&whole_summary()).unwrap();
    let cut = read("start,end,hit_rate\n0,60\n", latency, &whole);
    assert!(cut.starts_with("its timeseries.csv is damaged: "), "{cut}");
    let cut = read("start,end,hit_rate\n0,60,half\n", latency, &whole);
    assert!(cut.contains("line 2: `half` is no number"), "{cut}");
    let longer = whole.replace("\"simulated_seconds\":1.0", "\"simulated_seconds\":120.0");
    let cut = read(timeseries, latency, &longer);
    assert!(
        cut.ends_with("it ends at 60 s, and the run at 120 s"),
        "{cut}"
    );
    let cut = read(timeseries, "kind\n", &whole);
    assert!(cut.starts_with("its latency.csv is damaged: "), "{cut}");
}

fn whole_summary() -> serde_json::Value {
    serde_json::json!({
        "schema_version": 1, "scenario": "x", "description": "", "deployment": "",
        "maxmemory_bytes": null, "still_fills": false, "id": "", "complete": true, "seed": 1,
        "replicate": 0, "results_version": 1, "sessionsim_version": "", "simulated_seconds": 1.0,
        "warmup_seconds": 0.0, "measured_seconds": 1.0, "window_seconds": 60.0, "fingerprint": "",
        "warnings": [], "cost": { "region": "", "prices": "", "payment": "" },
        "expectations": [], "first_noticed_seconds": null, "alarms": [], "metrics": {}
    })
}

#[test]
fn markers_are_numbers_that_a_list_explains() {
    let page = render(&[saved()]);
    let list = between(&page, "Marked in the charts:", "</div>")[0];
    assert!(list.contains("users notice") && list.contains("alarm: "));
    for figure in between(&page, "<figure>", "</figure>") {
        assert!(
            !figure.contains(">users notice</text>"),
            "each drawing has numbers alone"
        );
    }
}

/// Two classes of users on two nodes.
fn of_two_classes() -> Saved {
    let text = "name = \"two\"\nduration = \"1h\"\nwarmup = \"20m\"\nwindow = \"1m\"\n\
                store.maxmemory = \"3MiB\"\nstore.shards = 2\n\
                [[users]]\nname = \"admins\"\nconcurrent = 20\n\
                session = { bytes = \"1KB\", ttl = \"10m\" }\n\
                [[users]]\nname = \"guests\"\nlogin = false\nconcurrent = 400\n\
                session = { bytes = \"9KB\", ttl = \"10m\" }\n";
    let scenario = scenario::load("two.toml", text).unwrap();
    let identity = Identity::new(scenario.to_toml(), scenario.seed, 0);
    let measurements = crate::measure::measure(&scenario, Box::new(|| None), 0, &mut |_, _| true);
    of_outcome(Outcome {
        scenario: &scenario,
        identity: &identity,
        measurements: &measurements,
    })
}

#[test]
fn several_classes_and_nodes_have_tables_and_charts() {
    let saved = of_two_classes();
    assert_eq!((saved.classes.len(), saved.nodes.len()), (2, 2));
    let page = render(std::slice::from_ref(&saved));
    for title in [
        "<h2>By class of users</h2>",
        "<h2>By node</h2>",
        "<h3>Memory by node</h3>",
        "<h3>Reads that hit, by node</h3>",
        "<h3>Evicted keys by node (per minute)</h3>",
        "<h3>Lost sessions by class (per minute)</h3>",
        "<h3>Share of the memory, by class</h3>",
    ] {
        assert!(page.contains(title), "{title}");
    }
    let one = render(&[self::saved()]);
    assert!(!one.contains("By class of users") && one.contains("<h2>By node</h2>"));
}

#[test]
fn files_of_parts_that_are_broken_or_missing_are_told() {
    let saved = of_two_classes();
    let whole = || saved.clone();
    let broken = |classes: Option<&str>, nodes: Option<&str>| {
        let texts = [classes, nodes].map(|text| text.map(str::to_owned));
        whole().with_parts(&texts).unwrap_err()
    };
    let series = "start,end,node,keys\n0,1,1,7\n";
    assert_eq!(
        broken(None, Some(series)),
        "it has no timeseries-classes.csv"
    );
    assert_eq!(broken(Some(series), None), "it has no timeseries-nodes.csv");
    for damaged in ["start,end\n", "a,b,c\n", "start,end,node,keys\n0,1,1,x\n"] {
        let error = broken(Some(series), Some(damaged));
        assert!(
            error.starts_with("its timeseries-nodes.csv is damaged"),
            "{error}"
        );
    }
}
