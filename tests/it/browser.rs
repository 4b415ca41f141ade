//! The page in a browser: nothing is reported on the console, nothing scrolls sideways, and what
//! the script offers works. Needs Chromium, which `.ci/run` installs; elsewhere the test says that
//! it was left out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::Write as _;
use std::process::Command;

use crate::desk::Desk;

/// Widths of a telephone and of a desk, in pixels.
const WIDTHS: [u32; 2] = [360, 1440];

/// A page with the report in a frame of each width, which notes what it finds as JSON.
const WRAPPER: &str = r#"<!DOCTYPE html><meta charset="utf-8"><pre id="found"></pre><script>
const page = PAGE;
const found = { errors: [], widths: [] };
for (const width of WIDTHS) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width:${width}px;height:900px;border:0`;
  frame.addEventListener("load", () => {
    const view = frame.contentWindow, inside = frame.contentDocument, root = inside.documentElement;
    const maps = [...inside.querySelectorAll("figure.map .plot")].map((plot) => [...plot.querySelectorAll("svg")].filter((svg) => svg.clientWidth > 0).length);
    const figures = [...inside.querySelectorAll("figure:not(.map)")];
    const visible = figures.map((figure) => [...figure.querySelectorAll(".plot svg")].filter((svg) => svg.clientWidth > 0).length);
    const sideways = root.scrollWidth - root.clientWidth;
    let tips = 0, hidden = 0, zoomed = 0;
    for (const figure of figures) {
      const plot = figure.querySelector(".plot"), box = plot.getBoundingClientRect();
      const send = (kind, share) => plot.dispatchEvent(new view.PointerEvent(kind, { bubbles: true, pointerType: "mouse", clientX: box.left + box.width * share, clientY: box.top + 20 }));
      send("pointermove", 0.5);
      const tip = figure.querySelector(".tip");
      if (!tip.hidden && tip.children.length > 1) tips++;
      const button = figure.querySelector(".legend button"); button.click();
      if (figure.querySelector(".plot .off")) hidden++;
      button.click();
      send("pointerdown", 0.4); send("pointermove", 0.6); send("pointerup", 0.6);
      if (!figure.querySelector(".reset").hidden) zoomed++;
      if (/NaN/.test(plot.innerHTML)) found.errors.push("NaN in " + figure.querySelector("h3").textContent);
      figure.querySelector(".reset").click();
    }
    found.widths.push({ width, sideways, figures: figures.length, visible, maps, tips, hidden, zoomed });
    document.getElementById("found").textContent = JSON.stringify(found);
  });
  frame.srcdoc = page.replace("<head>", "<head><script>addEventListener('error', (e) => parent.found_error(e.message)); addEventListener('securitypolicyviolation', (e) => parent.found_error(e.violatedDirective));<\/script>");
  document.body.append(frame);
}
function found_error(text) { found.errors.push(text); document.getElementById("found").textContent = JSON.stringify(found); }
</script>"#;

#[test]
fn pages_work_in_a_browser_at_any_width() {
    let version = Command::new("chromium").arg("--version").output();
    if version.is_err() {
        assert!(
            std::env::var_os("SESSIONSIM_NEEDS_BROWSER").is_none(),
            "Chromium is not installed"
        );
        // Not by a macro: the test runner would keep it to itself.
        let left_out = "LEFT OUT: Chromium is not installed, so no page was seen in a browser";
        writeln!(std::io::stderr(), "{left_out}").unwrap();
        return;
    }
    let desk = Desk::new();
    let run = [
        "run",
        "small.toml",
        "--out",
        "result",
        "--report",
        "--quiet",
    ];
    desk.succeed(&run);
    look(&desk, "result/report.html");
    let compare = ["compare", "small.toml", "small.toml", "--quiet"];
    let change = ["--set", "store.maxmemory=2MiB"];
    let page = ["--format", "html", "--out", "compared.html"];
    desk.succeed(&[&compare[..], &change, &page].concat());
    look(&desk, "compared.html");

    // Of a sweep: marks and levels cannot be zoomed, and maps have no script.
    desk.fetch("tiny-sweep.toml");
    desk.run(&["sweep", "tiny-sweep.toml", "--out", "all", "--report", "-q"]);
    let found = found(&desk, "all/report.html");
    assert_eq!(found["errors"], serde_json::json!([]), "{found}");
    for one in found["widths"].as_array().unwrap() {
        assert_eq!(one["sideways"], 0, "{one}");
        assert!(one["figures"].as_u64().unwrap() >= 3, "{one}");
        for what in ["tips", "hidden"] {
            assert_eq!(one[what], one["figures"], "{what}: {one}");
        }
        assert_eq!(one["zoomed"], 0, "{one}");
        for of in ["visible", "maps"] {
            let visible = one[of].as_array().unwrap();
            assert!(
                !visible.is_empty() && visible.iter().all(|number| *number == 1),
                "{one}"
            );
        }
    }
}

/// Holds a page to what must hold of all of them.
fn look(desk: &Desk, page: &str) {
    let found = found(desk, page);
    assert_eq!(found["errors"], serde_json::json!([]), "{found}");
    let widths = found["widths"].as_array().unwrap();
    assert_eq!(widths.len(), WIDTHS.len());
    for one in widths {
        assert_eq!(one["sideways"], 0, "{one}");
        let figures = one["figures"].as_u64().unwrap();
        assert!(figures >= 5, "{one}");
        for what in ["tips", "hidden", "zoomed"] {
            assert_eq!(one[what], figures, "{what}: {one}");
        }
        // Of the two drawings of a chart one is shown.
        let visible = one["visible"].as_array().unwrap();
        assert!(visible.iter().all(|number| *number == 1), "{one}");
    }
}

/// What the browser finds in a page.
fn found(desk: &Desk, page: &str) -> serde_json::Value {
    let page = serde_json::to_string(&desk.read(page)).unwrap();
    let page = page.replace("</", "<\\/");
    let wrapper = WRAPPER
        .replace("WIDTHS", &format!("{WIDTHS:?}"))
        .replace("PAGE", &page);
    let file = desk.path("wrapper.html");
    fs::write(&file, wrapper).unwrap();
    let profile = format!("--user-data-dir={}", desk.path("profile").display());
    let output = Command::new("chromium")
        .args(["--headless=new", "--no-sandbox", "--disable-gpu"])
        .args(["--enable-logging=stderr", "--virtual-time-budget=10000"])
        .args(["--dump-dom", &profile])
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let console = errors.lines().filter(|line| line.contains("CONSOLE"));
    let console: Vec<&str> = console.collect();
    assert!(console.is_empty(), "{console:?}");
    let dom = String::from_utf8_lossy(&output.stdout);
    let found = dom.split("<pre id=\"found\">").nth(1).unwrap();
    serde_json::from_str(found.split("</pre>").next().unwrap()).unwrap()
}
