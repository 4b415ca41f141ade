//! `sessionsim fidelity`.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rayon::prelude::*;

use crate::fidelity::cases::{self, Case, CaseVerdict, SEEDS};
use crate::fidelity::engines::{is_wanted, model};
use crate::fidelity::figures::{Observed, Verdict};
use crate::fidelity::measured::{Config, Measured, Run, engine_and_clock};
use crate::fidelity::memory::{self, MemoryRow, MemoryVerdict};
use crate::fidelity::observe;
use crate::fidelity::table::{Comparison, Layout};
use crate::replay::compressed::decompressed;
use crate::traffic::trace::{Row, TraceError, TraceReader};

use super::exit::{Exit, Failure};
use super::terminal::{to_stderr, to_stdout};

/// Hold the simulated node against measured runs of real servers
///
/// Each run is a folder in PATH with config.json, trace.csv (plain, .gz or .zst) and result*.json
/// of one or more servers; docs/fidelity.md describes them. The trace is replayed on the engine
/// of each result, and each figure of the server compared with ours. Rows of
/// PATH/memory-measured.json, bytes of keys, are a table of their own. PATH may also have, or be,
/// a file cases.jsonl: measured cases of replication, one a line, each simulated with at least
/// 200 seeds. The last line says how many results, by run, engine and clock, and cases hold all
/// their bounds; exit code 10 if anything is missed.
#[derive(Debug, Args)]
#[allow(
    clippy::doc_markdown,
    reason = "these comments are the help text, printed as they stand"
)]
pub(super) struct Fidelity {
    /// Folder of measured runs, one run, or a file of cases
    path: PathBuf,
    /// Only results of this engine, such as redis-7.0 or valkey-9.1.2; may be repeated
    #[arg(long = "engine", value_name = "NAME")]
    engines: Vec<String>,
    /// How often each trace is replayed, with seeds 1 to N; cases at least 200 times
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..=1001))]
    seeds: u64,
    /// One row a result instead of one a figure
    #[arg(long)]
    summary: bool,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "text", value_enum)]
    format: Format,
    /// Show no progress and no notes
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Columns
    Text,
    /// Tables of Markdown
    Markdown,
    /// All figures as JSON; the last line goes to stderr
    Json,
}

/// The results of a run on one engine under one clock, with the files they come from.
struct Group {
    engine: String,
    clock: String,
    texts: Vec<(PathBuf, String)>,
}

/// A run's folder: what of it is cheap to read.
struct Folder {
    path: PathBuf,
    id: String,
    config: Config,
    groups: Vec<Group>,
}

impl Fidelity {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let mut all = Material::read(&self.path)?;
        self.select(&mut all)?;
        let Material {
            folders,
            rows,
            cases,
        } = &all;
        let mut verdicts = Vec::new();
        for (place, folder) in folders.iter().enumerate() {
            if !self.quiet {
                to_stderr(&format!(
                    "{} ({} of {})\n",
                    folder.id,
                    place + 1,
                    folders.len()
                ));
                for setting in folder.config.settings_not_modelled() {
                    let id = &folder.id;
                    to_stderr(&format!("{id}: the server's `{setting}` is not modelled\n"));
                }
            }
            verdicts.extend(self.judge(folder)?);
        }
        let memory: Vec<MemoryVerdict> = rows.par_iter().map(MemoryRow::judge).collect();
        let comparison = Comparison::new(verdicts, memory, self.judge_cases(cases)?);
        match self.format {
            Format::Text => to_stdout(&comparison.render(Layout::Text, self.summary))?,
            Format::Markdown => to_stdout(&comparison.render(Layout::Markdown, self.summary))?,
            Format::Json => {
                to_stdout(&comparison.json())?;
                if !self.quiet {
                    to_stderr(&comparison.last_line());
                }
            }
        }
        Ok(if comparison.all_hold() {
            Exit::Success
        } else {
            Exit::NotMet
        })
    }

    /// Leaves only the engines that are asked for.
    fn select(&self, all: &mut Material) -> Result<(), Failure> {
        let groups = all.folders.iter().flat_map(|folder| &folder.groups);
        let names = groups.map(|group| group.engine.clone());
        let names = names.chain(all.rows.iter().map(|row| row.engine.clone()));
        let cases = all.cases.iter().map(|(_, case)| case.engine_name());
        let mut names: Vec<String> = names.chain(cases).collect();
        names.sort();
        names.dedup();
        if names.is_empty() {
            let message = format!(
                "there is nothing measured in `{}`: neither a run, which is a folder with \
                 config.json, trace.csv and result.json, nor a file cases.jsonl",
                self.path.display()
            );
            return Err(Failure::new(Exit::InvalidScenario, message));
        }
        for wanted in &self.engines {
            if !names.iter().any(|name| is_wanted(name, wanted)) {
                let (path, names) = (self.path.display(), names.join(", "));
                let message =
                    format!("`{path}` has no results of engine `{wanted}`, only of {names}");
                return Err(Failure::new(Exit::Usage, message));
            }
        }
        if self.engines.is_empty() {
            return Ok(());
        }
        let is_wanted = |name: &str| self.engines.iter().any(|wanted| is_wanted(name, wanted));
        for folder in &mut all.folders {
            folder.groups.retain(|group| is_wanted(&group.engine));
        }
        all.folders.retain(|folder| !folder.groups.is_empty());
        all.rows.retain(|row| is_wanted(&row.engine));
        all.cases.retain(|(_, case)| is_wanted(&case.engine_name()));
        Ok(())
    }

    /// Simulates all cases, in parallel.
    fn judge_cases(&self, cases: &[(PathBuf, Case)]) -> Result<Vec<CaseVerdict>, Failure> {
        if !self.quiet && !cases.is_empty() {
            to_stderr(&format!("{} cases\n", cases.len()));
        }
        let seeds = self.seeds.max(SEEDS);
        let verdict = |(path, case): &(PathBuf, Case)| {
            case.judge(seeds).map_err(|error| invalid(path, error))
        };
        cases.par_iter().map(verdict).collect()
    }

    /// Compares all results of a run. Replays go in parallel; each has its place in the result.
    fn judge(&self, folder: &Folder) -> Result<Vec<Verdict>, Failure> {
        let policy = &folder.config.policy;
        let mut run = Run {
            id: folder.id.clone(),
            config: folder.config.clone(),
            rows: Vec::new(),
        };
        let config = folder.path.join("config.json");
        let mut tasks = Vec::new();
        let mut groups = Vec::new();
        for (place, group) in folder.groups.iter().enumerate() {
            let Some(model) = model(&group.engine) else {
                groups.push(Vec::new());
                continue;
            };
            let parse = |(path, text): &(PathBuf, String)| {
                Measured::parse(text).map_err(|error| invalid(path, error))
            };
            groups.push(
                group
                    .texts
                    .iter()
                    .map(parse)
                    .collect::<Result<Vec<_>, _>>()?,
            );
            tasks.extend((1..=self.seeds).map(|seed| (place, model, seed)));
        }
        if !tasks.is_empty() {
            run.config
                .setup()
                .map_err(|error| invalid(&config, error))?;
            run.rows = read_trace(&folder.path)?;
        }
        let groups: Vec<Vec<&Measured>> = groups.iter().map(|g| g.iter().collect()).collect();
        let observed = tasks.par_iter().map(|&(place, model, seed)| {
            observe(&run, model, &groups[place], seed).map(|observed| (place, observed))
        });
        let observed: Result<Vec<(usize, Observed)>, String> = observed.collect();
        let observed = observed.map_err(|error| invalid(&config, error))?;
        let verdict = |(place, group): (usize, &Group)| {
            let ours = observed.iter().filter(|(of, _)| *of == place);
            let ours: Vec<Observed> = ours.map(|(_, observed)| observed.clone()).collect();
            if ours.is_empty() {
                let repeats = group.texts.len();
                Verdict::not_modelled(&run.id, policy, &group.engine, &group.clock, repeats)
            } else {
                Verdict::new(&run.id, policy, &groups[place], &ours)
            }
        };
        Ok(folder.groups.iter().enumerate().map(verdict).collect())
    }
}

fn invalid(path: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::new(
        Exit::InvalidScenario,
        format!("`{}`: {error}", path.display()),
    )
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        Exit::Io,
        format!("cannot read `{}`: {error}", path.display()),
    )
}

/// Names in a folder, in order.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let paths = fs::read_dir(folder).and_then(|entries| {
        entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()
    });
    let mut paths = paths.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::new(
            Exit::Io,
            format!("there is no folder `{}`", folder.display()),
        ),
        _ => unreadable(folder, &error),
    })?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(OsStr::to_str).unwrap_or_default()
}

fn read_text(path: &Path) -> Result<String, Failure> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
    String::from_utf8(bytes).map_err(|_| invalid(path, "this is not UTF-8 text"))
}

/// Everything measured that a path leads to.
#[derive(Default)]
struct Material {
    folders: Vec<Folder>,
    /// Measured key sizes.
    rows: Vec<MemoryRow>,
    /// Cases, each with the file that it comes from.
    cases: Vec<(PathBuf, Case)>,
}

impl Material {
    /// All runs of a folder, or the one that it is, with its key sizes and cases; or a file of
    /// cases.
    fn read(path: &Path) -> Result<Self, Failure> {
        let mut all = Self::default();
        if path.is_file() {
            all.read_cases(path)?;
            return Ok(all);
        }
        all.folders.extend(read_run(path)?);
        for path in entries(path)? {
            if path.is_dir() {
                all.folders.extend(read_run(&path)?);
            } else if name(&path) == "memory-measured.json" {
                let rows = memory::parse(&read_text(&path)?);
                all.rows = rows.map_err(|error| invalid(&path, error))?;
            } else if name(&path) == "cases.jsonl" {
                all.read_cases(&path)?;
            }
        }
        Ok(all)
    }

    fn read_cases(&mut self, path: &Path) -> Result<(), Failure> {
        let cases = cases::parse(&read_text(path)?).map_err(|error| invalid(path, error))?;
        let cases = cases.into_iter().map(|case| (path.to_path_buf(), case));
        self.cases.extend(cases);
        Ok(())
    }
}

/// A run's configuration and results; `None` if the folder holds no results.
fn read_run(path: &Path) -> Result<Option<Folder>, Failure> {
    let mut groups: Vec<Group> = Vec::new();
    for path in entries(path)? {
        let is_json = path
            .extension()
            .is_some_and(|extension| extension == "json");
        if !name(&path).starts_with("result") || !is_json {
            continue;
        }
        let text = read_text(&path)?;
        let (engine, clock) = engine_and_clock(&text).map_err(|error| invalid(&path, error))?;
        let known = groups
            .iter_mut()
            .find(|group| (&group.engine, &group.clock) == (&engine, &clock));
        match known {
            Some(group) => group.texts.push((path, text)),
            None => groups.push(Group {
                engine,
                clock,
                texts: vec![(path, text)],
            }),
        }
    }
    if groups.is_empty() {
        return Ok(None);
    }
    groups.sort_by(|one, other| {
        let one_key = (&one.engine, one.clock != "virtual", &one.clock);
        one_key.cmp(&(&other.engine, other.clock != "virtual", &other.clock))
    });
    let config_path = path.join("config.json");
    if !config_path.exists() {
        return Err(invalid(path, "there are results but no config.json"));
    }
    let config =
        Config::parse(&read_text(&config_path)?).map_err(|error| invalid(&config_path, error))?;
    let id = config.id.clone().unwrap_or_else(|| name(path).to_owned());
    Ok(Some(Folder {
        path: path.to_path_buf(),
        id,
        config,
        groups,
    }))
}

/// All rows of a run's trace.
fn read_trace(folder: &Path) -> Result<Vec<Row>, Failure> {
    let found = entries(folder)?
        .into_iter()
        .find(|path| name(path).starts_with("trace.csv"));
    let Some(path) = found else {
        return Err(invalid(folder, "there are results but no trace.csv"));
    };
    let file = File::open(&path).map_err(|error| unreadable(&path, &error))?;
    let input = decompressed(BufReader::new(file)).map_err(|error| unreadable(&path, &error))?;
    let mut reader = TraceReader::new(input);
    let mut rows = Vec::new();
    loop {
        match reader.next_row() {
            Ok(Some(row)) => rows.push(row),
            Ok(None) => return Ok(rows),
            Err(TraceError::Io(error)) if error.kind() != ErrorKind::InvalidData => {
                return Err(unreadable(&path, &error));
            }
            Err(error) => return Err(invalid(&path, error)),
        }
    }
}
