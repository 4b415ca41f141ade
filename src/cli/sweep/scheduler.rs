//! Which part of a sweep is ours, from the command line or from what schedulers set.

use std::str::FromStr;

use crate::cli::exit::{Exit, Failure};
use crate::sweep::partition::Slice;

/// Which part to run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Partition {
    /// This one.
    Slice(Slice),
    /// What the scheduler says; of so many, if it does not say that.
    Scheduler(Option<u64>),
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Scheduler(None));
        }
        if let Some(of) = text.strip_prefix("auto/") {
            let of = of
                .parse()
                .map_err(|_| "write auto/8 for one of eight parts")?;
            return Slice::new(1, of).map(|slice| Self::Scheduler(Some(slice.of)));
        }
        text.parse().map(Self::Slice)
    }
}

/// What a scheduler sets for each of its tasks.
struct Scheduler {
    name: &'static str,
    /// The number of the task.
    index: &'static str,
    /// The number of the first one: a variable, or as it always is.
    first: Result<&'static str, u64>,
    /// How many there are, if it says so.
    count: Option<&'static str>,
}

/// Slurm: sbatch(1), "output environment variables"; Kubernetes: "Indexed Job for parallel
/// processing with static work assignment"; AWS Batch: "Array jobs"; GitLab: "Predefined CI/CD
/// variables reference".
const SCHEDULERS: [Scheduler; 4] = [
    Scheduler {
        name: "Slurm",
        index: "SLURM_ARRAY_TASK_ID",
        first: Ok("SLURM_ARRAY_TASK_MIN"),
        count: Some("SLURM_ARRAY_TASK_COUNT"),
    },
    Scheduler {
        name: "AWS Batch",
        index: "AWS_BATCH_JOB_ARRAY_INDEX",
        first: Err(0),
        count: Some("AWS_BATCH_JOB_ARRAY_SIZE"),
    },
    Scheduler {
        name: "Kubernetes",
        index: "JOB_COMPLETION_INDEX",
        first: Err(0),
        count: None,
    },
    Scheduler {
        name: "GitLab",
        index: "CI_NODE_INDEX",
        first: Err(1),
        count: Some("CI_NODE_TOTAL"),
    },
];

impl Partition {
    /// The part.
    pub(super) fn resolve(self) -> Result<Slice, Failure> {
        match self {
            Self::Slice(slice) => Ok(slice),
            Self::Scheduler(of) => ask(of, &|name| {
                let value = std::env::var_os(name)?;
                Some(value.to_string_lossy().into_owned())
            })
            .map_err(|why| Failure::new(Exit::Usage, why)),
        }
    }
}

/// The part that the first scheduler names that has set anything.
fn ask(of: Option<u64>, variable: &dyn Fn(&str) -> Option<String>) -> Result<Slice, String> {
    let number = |name: &str| {
        let value = variable(name).ok_or_else(|| format!("{name} is not set"))?;
        let value = value.trim();
        value
            .parse::<u64>()
            .map_err(|_| format!("{name} is {value:?}, which is no number"))
    };
    let found = SCHEDULERS
        .iter()
        .find(|scheduler| variable(scheduler.index).is_some());
    let Some(scheduler) = found else {
        let known: Vec<String> = SCHEDULERS
            .iter()
            .map(|scheduler| format!("{} ({})", scheduler.index, scheduler.name))
            .collect();
        return Err(format!(
            "no scheduler says which part this is: none of {} is set; write --partition slice:1/8",
            known.join(", ")
        ));
    };
    let first = match scheduler.first {
        Ok(name) => number(name)?,
        Err(first) => first,
    };
    let index = number(scheduler.index)?;
    let of = match (of, scheduler.count) {
        (Some(of), _) => of,
        (None, Some(name)) => number(name)?,
        (None, None) => {
            return Err(format!(
                "{} does not say how many parts there are: write --partition auto/8 for eight",
                scheduler.name
            ));
        }
    };
    let index = index
        .checked_sub(first)
        .ok_or_else(|| format!("{} is less than that of the first task", scheduler.index))?;
    Slice::new(index.saturating_add(1), of)
        .map_err(|why| format!("{} says so, but {why}", scheduler.index))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(of: Option<u64>, set: &[(&str, &str)]) -> Result<String, String> {
        let variable = |name: &str| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        ask(of, &variable).map(|slice| slice.to_string())
    }

    #[test]
    fn each_scheduler_is_understood() {
        for (of, set, expected) in [
            (
                None,
                &[
                    ("SLURM_ARRAY_TASK_ID", "12"),
                    ("SLURM_ARRAY_TASK_MIN", "10"),
                    ("SLURM_ARRAY_TASK_COUNT", "4"),
                ][..],
                "slice:3/4",
            ),
            (
                None,
                &[
                    ("AWS_BATCH_JOB_ARRAY_INDEX", "0"),
                    ("AWS_BATCH_JOB_ARRAY_SIZE", "8"),
                ],
                "slice:1/8",
            ),
            (Some(5), &[("JOB_COMPLETION_INDEX", "4")], "slice:5/5"),
            (
                None,
                &[("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "2")],
                "slice:2/2",
            ),
        ] {
            assert_eq!(asked(of, set), Ok(expected.to_owned()));
        }
    }

    #[test]
    fn what_a_scheduler_leaves_out_is_told() {
        for (set, part) in [
            (&[][..], "none of SLURM_ARRAY_TASK_ID (Slurm)"),
            (&[("JOB_COMPLETION_INDEX", "1")], "write --partition auto/8"),
            (&[("CI_NODE_INDEX", "1")], "CI_NODE_TOTAL is not set"),
            (
                &[("CI_NODE_INDEX", "3"), ("CI_NODE_TOTAL", "2")],
                "there is no part 3",
            ),
            (
                &[("CI_NODE_INDEX", "0"), ("CI_NODE_TOTAL", "2")],
                "less than that of the first",
            ),
            (
                &[("CI_NODE_INDEX", "x"), ("CI_NODE_TOTAL", "2")],
                "no number",
            ),
        ] {
            let error = asked(None, set).expect_err(part);
            assert!(error.contains(part), "{error}");
        }
    }
}
