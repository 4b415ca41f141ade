//! `sessionsim report`.

use std::fs;
use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::charts::{self, Picture};
use crate::page::{self, Saved, SavedSweep};

use super::exit::{Exit, Failure};
use super::output::{ADDED, plain, replace};
use super::terminal::to_stdout;

/// Write a page, or charts as files, over one or several results
///
/// RUN is the folder of a result or of a sweep, or output/<scenario>, whose last result is taken.
/// The page is one file that needs no network: report.html in that folder, unless --out says
/// otherwise. With --format svg or png every chart becomes a file of its own in charts/.
#[derive(Debug, Args)]
pub(super) struct Report {
    /// Folders of results
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// File for the page, or folder for charts
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// What to write
    #[arg(long, value_name = "FORMAT", default_value = "html", value_enum)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A page
    Html,
    /// Charts, as drawings
    Svg,
    /// Charts, as pictures
    Png,
}

/// Size of a chart that is a file, in pixels.
const SIZE: (u32, u32) = (820, 380);

impl Report {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        if self.runs.len() > 1 && self.out.is_none() {
            let message = "a page over several results belongs to none of their folders: say where \
                           it goes, such as --out report.html";
            return Err(Failure::new(Exit::Usage, message));
        }
        if let Some(sweep) = self.runs.iter().find(|run| is_sweep(run)) {
            if self.runs.len() > 1 {
                let message = format!(
                    "`{}` is a sweep, which has a page of its own: name it alone",
                    sweep.display()
                );
                return Err(Failure::new(Exit::Usage, message));
            }
            let saved = read_sweep(sweep)?;
            return self.write(
                sweep,
                || page::sweep(&saved),
                &[(String::new(), page::sweep_pictures(&saved))],
            );
        }
        // All results are read before anything is written.
        let results = self.runs.iter().map(|run| read(run));
        let results: Vec<(PathBuf, Saved)> = results.collect::<Result<_, _>>()?;
        let saved: Vec<Saved> = results.iter().map(|(_, saved)| saved.clone()).collect();
        let pictures = saved.iter().map(|one| {
            let prefix = saved_name(one, results.len());
            (prefix, page::pictures(one))
        });
        let pictures: Vec<(String, Pictures)> = pictures.collect();
        self.write(&results[0].0, || page::render(&saved), &pictures)
    }

    /// Writes the page of what is in a folder, or its charts.
    fn write(
        &self,
        folder: &Path,
        page: impl FnOnce() -> String,
        pictures: &[(String, Pictures)],
    ) -> Result<Exit, Failure> {
        if self.format == Format::Html {
            let path = self.out.clone().unwrap_or_else(|| folder.join(ADDED[0]));
            replace(&path, page().as_bytes())?;
            to_stdout(&format!("{}\n", path.display()))?;
            return Ok(Exit::Success);
        }
        let out = self.out.clone().unwrap_or_else(|| folder.join(ADDED[1]));
        fs::create_dir_all(&out).map_err(|error| {
            let message = format!("cannot write to `{}`: {}", out.display(), plain(&error));
            Failure::new(Exit::Io, message)
        })?;
        for (prefix, pictures) in pictures {
            self.charts(pictures, &out, prefix)?;
        }
        Ok(Exit::Success)
    }

    /// Writes pictures into a folder.
    fn charts(&self, pictures: &Pictures, folder: &Path, prefix: &str) -> Result<(), Failure> {
        for (name, picture) in pictures {
            let (ending, bytes) = if self.format == Format::Svg {
                ("svg", charts::standalone(picture, SIZE).into_bytes())
            } else {
                let drawn = charts::png(picture, SIZE);
                ("png", drawn.map_err(|error| Failure::new(Exit::Io, error))?)
            };
            let path = folder.join(format!("{prefix}{name}.{ending}"));
            replace(&path, &bytes)?;
            to_stdout(&format!("{}\n", path.display()))?;
        }
        Ok(())
    }
}

/// Pictures and the names of their files.
type Pictures = Vec<(String, Picture)>;

/// Whether a folder holds a sweep.
fn is_sweep(folder: &Path) -> bool {
    folder.join(page::SWEEP_FILES[0]).exists()
}

/// Reads the sweep in a folder.
pub(super) fn read_sweep(folder: &Path) -> Result<SavedSweep, Failure> {
    let open = |name: &str| {
        let path = folder.join(name);
        let opened = fs::File::open(&path);
        opened.map(BufReader::new).map_err(|error| {
            let message = format!("cannot read `{}`: {}", path.display(), plain(&error));
            Failure::new(Exit::Io, message)
        })
    };
    let [document, effects, toml] = page::SWEEP_FILES;
    let (document, effects) = (open(document)?, open(effects)?);
    SavedSweep::read(document, effects, text_of(folder, toml)?).map_err(|error| {
        let message = format!(
            "the sweep in `{}` cannot be used: {error}",
            folder.display()
        );
        Failure::new(Exit::InvalidScenario, message)
    })
}

/// What the names of a result's charts begin with, if there are several results.
fn saved_name(saved: &Saved, results: usize) -> String {
    if results > 1 {
        format!("{}-", saved.summary.id)
    } else {
        String::new()
    }
}

/// Reads a result: its folder and its content.
pub(super) fn read(run: &Path) -> Result<(PathBuf, Saved), Failure> {
    let folder = folder(run)?;
    let mut texts = Vec::with_capacity(page::FILES.len());
    for name in page::FILES {
        texts.push(text_of(&folder, name)?);
    }
    let texts: [&str; page::FILES.len()] = std::array::from_fn(|place| texts[place].as_str());
    let mut parts = [None, None];
    for (name, part) in page::PART_FILES.iter().zip(&mut parts) {
        if folder.join(name).exists() {
            *part = Some(text_of(&folder, name)?);
        }
    }
    let saved = Saved::read(&texts).and_then(|saved| saved.with_parts(&parts));
    let saved = saved.map_err(|error| {
        let message = format!(
            "the result in `{}` cannot be used: {error}",
            folder.display()
        );
        Failure::new(Exit::InvalidScenario, message)
    })?;
    Ok((folder, saved))
}

/// The text of a file of a result.
fn text_of(folder: &Path, name: &str) -> Result<String, Failure> {
    let path = folder.join(name);
    fs::read_to_string(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::new(
            Exit::Io,
            format!(
                "`{}` is no whole result of sessionsim: it has no {name}",
                folder.display()
            ),
        ),
        ErrorKind::InvalidData => Failure::new(
            Exit::InvalidScenario,
            format!("`{}` is no text in UTF-8", path.display()),
        ),
        _ => Failure::new(
            Exit::Io,
            format!("cannot read `{}`: {}", path.display(), plain(&error)),
        ),
    })
}

/// The folder of a result: the one that is named, or the last one in it.
fn folder(run: &Path) -> Result<PathBuf, Failure> {
    let latest = run.join("latest");
    match fs::read_to_string(&latest) {
        Ok(id) if !run.join("summary.json").exists() => {
            let id = id.trim();
            // The file names a folder beside it and nothing else.
            if id.is_empty() || id.contains(['/', '\\']) || id == ".." {
                let message = format!("`{}` does not name a result", latest.display());
                return Err(Failure::new(Exit::Io, message));
            }
            Ok(run.join(id))
        }
        _ if run.is_dir() => Ok(run.to_path_buf()),
        _ => {
            let what = if run.exists() {
                "is no folder"
            } else {
                "does not exist"
            };
            let message = format!(
                "`{}` {what}: name the folder of a result, such as output/shop",
                run.display()
            );
            Err(Failure::new(Exit::Io, message))
        }
    }
}
