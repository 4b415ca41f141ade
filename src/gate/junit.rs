//! Checks in the XML of `JUnit`, which every CI reads. A suite for each kind of check; what is left open, and
//! what nobody asked for, is skipped. There are no times in it: equal checks give equal bytes.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Check, Checks, Kind, Status};

/// The text of the file.
pub fn render(checks: &Checks) -> String {
    let mut report = Report::new(format!("sessionsim {}", checks.scenario));
    for kind in [Kind::Run, Kind::Expectation, Kind::Baseline] {
        let of_kind = checks.list.iter().filter(|check| check.kind == kind);
        let mut suite = TestSuite::new(kind.as_str());
        suite.add_test_cases(of_kind.map(|check| case(checks, check)));
        if !suite.test_cases.is_empty() {
            report.add_test_suite(suite);
        }
    }
    let text = report.to_string();
    of_jenkins(&text.expect("a report is written into memory"))
}

/// Jenkins' schema counts the skipped of each suite, but not those of all. Quotes within a value are
/// escaped, so this is found nowhere but among the attributes.
fn of_jenkins(text: &str) -> String {
    const COUNT: &str = " skipped=\"";
    let root = text.find("<testsuites").unwrap_or(text.len());
    let end = text[root..].find('>').map_or(text.len(), |end| root + end);
    let Some(start) = text[root..end].find(COUNT).map(|start| root + start) else {
        return text.to_owned();
    };
    let behind = &text[start + COUNT.len()..];
    let behind = behind.split_once('"').map_or("", |(_, behind)| behind);
    format!("{}{behind}", &text[..start])
}

fn case(checks: &Checks, check: &Check) -> TestCase {
    let status = match check.status {
        Status::Passed => TestCaseStatus::success(),
        Status::Failed => {
            let mut status = TestCaseStatus::non_success(if check.kind == Kind::Run {
                NonSuccessKind::Error
            } else {
                NonSuccessKind::Failure
            });
            status
                .set_message(check.why.as_str())
                .set_type(check.kind.as_str());
            status
        }
        Status::Open | Status::Skipped => {
            let mut status = TestCaseStatus::skipped();
            let word = check.status.as_str();
            status.set_message(format!("{word}: {}", check.why));
            status
        }
    };
    let name = if check.at.is_empty() {
        check.what.clone()
    } else {
        format!("{} at {}", check.what, check.at)
    };
    let mut case = TestCase::new(name, status);
    case.set_classname(format!("{}.{}", checks.scenario, check.kind.as_str()));
    case
}
