//! Malformed scenarios: what each of them is told. Review a changed snapshot as its reader would.

use std::fs;
use std::path::Path;

use super::load;

#[test]
fn malformed_scenarios_are_told_what_is_wrong() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/scenario/tests/malformed");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".toml").map(str::to_owned))
        .collect();
    names.sort();
    assert!(
        names.len() >= 60,
        "only {} malformed scenarios were found",
        names.len()
    );
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("malformed");
    settings.set_omit_expression(true);
    settings.bind(|| {
        for name in names {
            let file = format!("{name}.toml");
            let text = fs::read_to_string(folder.join(&file)).unwrap();
            let problems = load(&file, &text).expect_err(&file);
            assert!(!problems.list.is_empty());
            assert_eq!(problems.file, file);
            insta::assert_snapshot!(name, problems.render(false));
        }
    });
}
