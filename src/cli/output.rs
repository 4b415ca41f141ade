//! Result folders. Files appear whole or not at all, and nothing foreign is ever overwritten.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::exit::{Exit, Failure};

/// Names of the files of a result. `summary.json` is written last, so a folder that has one is
/// whole.
const FILES: [&str; 6] = [
    "scenario.toml",
    "timeseries.csv",
    "latency.csv",
    "cloudwatch.csv",
    "losses.csv",
    SUMMARY,
];
/// Files that are there only where a run has several classes of users, or several nodes.
const OF_PARTS: [&str; 3] = [
    "classes.csv",
    "timeseries-classes.csv",
    "timeseries-nodes.csv",
];
/// The file that vouches for the others.
const SUMMARY: &str = "summary.json";
/// What other commands add to a result, which goes with it.
pub(super) const ADDED: [&str; 2] = ["report.html", "charts"];
/// What the names of folders that are being written begin with.
const UNFINISHED: &str = ".sessionsim-";
/// The file that names the last result of a scenario. A text file and no link: links need
/// privileges on some systems and do not survive every archive.
const LATEST: &str = "latest";

/// Contents of the files of a result, in the order of [`FILES`].
pub(super) type Contents = [String; FILES.len()];
/// Names and contents of those of the other files that there are.
pub(super) type More<'a> = &'a [(&'static str, String)];

/// Where a result goes.
#[derive(Debug)]
pub(super) struct Destination {
    folder: PathBuf,
    /// The file that will name it as the last one, if that is kept.
    latest: Option<PathBuf>,
}

impl Destination {
    /// `output/<scenario>/<id>`, or `out` if given. Finds out now, before anything is simulated,
    /// whether a result can be written there.
    pub(super) fn prepare(out: Option<&Path>, scenario: &str, id: &str) -> Result<Self, Failure> {
        let destination = if let Some(out) = out {
            Self {
                folder: out.to_path_buf(),
                latest: None,
            }
        } else {
            let parent = Path::new("output").join(scenario);
            Self {
                folder: parent.join(id),
                latest: Some(parent.join(LATEST)),
            }
        };
        destination
            .probe()
            .map_err(|error| destination.unusable(&error))?;
        Ok(destination)
    }

    /// Where the result of an interrupted run goes: beside the folder, which stays as it is.
    fn partial(&self) -> PathBuf {
        let mut name = self.folder.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        self.folder.with_file_name(name)
    }

    /// Tries to write, and leaves nothing behind.
    fn probe(&self) -> io::Result<()> {
        if self.folder.file_name().is_none() && !self.folder.exists() {
            return Err(io::Error::new(
                ErrorKind::InvalidInput,
                "this is no name for a folder",
            ));
        }
        refuse_foreign(&self.folder)?;
        let stage = Stage::create(&self.folder)?;
        fs::write(stage.path.join("probe"), "\n")
    }

    /// Writes the result; returns the folder. An interrupted run's goes beside the folder.
    pub(super) fn write(
        &self,
        contents: &Contents,
        more: More<'_>,
        complete: bool,
    ) -> Result<PathBuf, Failure> {
        let folder = if complete {
            self.folder.clone()
        } else {
            self.partial()
        };
        self.write_to(&folder, contents, more, complete)
            .map_err(|error| {
                let message = format!(
                    "cannot write the result to `{}`: {}",
                    folder.display(),
                    plain(&error)
                );
                Failure::new(Exit::Io, message)
            })?;
        Ok(folder)
    }

    fn write_to(
        &self,
        folder: &Path,
        contents: &Contents,
        more: More<'_>,
        complete: bool,
    ) -> io::Result<()> {
        refuse_foreign(folder)?;
        let stage = Stage::create(folder)?;
        for (name, content) in FILES.iter().zip(contents) {
            write_through(&stage.path.join(name), content)?;
        }
        for (name, content) in more {
            write_through(&stage.path.join(name), content)?;
        }
        if folder.is_dir() {
            // While files are exchanged the old summary must not vouch for new tables.
            remove_if_there(&folder.join(SUMMARY))?;
            forget_added(folder)?;
            for name in OF_PARTS {
                remove_if_there(&folder.join(name))?;
            }
            for name in more.iter().map(|(name, _)| *name).chain(FILES) {
                fs::rename(stage.path.join(name), folder.join(name))?;
            }
        } else {
            fs::rename(&stage.path, folder)?;
        }
        if let (Some(latest), true) = (&self.latest, complete) {
            let id = folder.file_name().unwrap_or_default().to_string_lossy();
            let stage = Stage::create(folder)?;
            let written = stage.path.join(LATEST);
            write_through(&written, &format!("{id}\n"))?;
            fs::rename(written, latest)?;
        }
        Ok(())
    }

    fn unusable(&self, error: &io::Error) -> Failure {
        let message = format!(
            "cannot write a result to `{}`: {}",
            self.folder.display(),
            plain(error)
        );
        Failure::new(Exit::Io, message)
    }
}

/// A folder under a temporary name on the same file system as its destination: inside of it if it
/// exists (it may be a mount of its own), else beside it. Goes away when dropped.
#[derive(Debug)]
struct Stage {
    path: PathBuf,
}

impl Stage {
    fn create(folder: &Path) -> io::Result<Self> {
        let place = if folder.is_dir() {
            folder
        } else {
            let parent = folder
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty());
            parent.unwrap_or(Path::new("."))
        };
        fs::create_dir_all(place)?;
        let path = place.join(format!("{UNFINISHED}{}", std::process::id()));
        match fs::create_dir(&path) {
            // Left by a process of the same number that was killed while it wrote.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                fs::remove_dir_all(&path)?;
                fs::create_dir(&path)?;
            }
            result => result?,
        }
        Ok(Self { path })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// An existing folder may hold an earlier result, and nothing else.
fn refuse_foreign(folder: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        let known = FILES.iter().chain(&OF_PARTS).chain(&ADDED);
        let known = known.into_iter().any(|known| *known == name);
        if !known && !name.starts_with(UNFINISHED) {
            let message = format!("it holds `{name}`, which is no result of sessionsim");
            return Err(io::Error::new(ErrorKind::AlreadyExists, message));
        }
    }
    Ok(())
}

/// Writes a file down to the disk, so that a full one is noticed before it gets its name.
pub(super) fn write_through(path: &Path, content: &str) -> io::Result<()> {
    fs::write(path, content)?;
    fs::File::open(path)?.sync_all()
}

pub(super) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes a file whole or not at all, over an earlier one. What is no file, such as `/dev/stdout` or a
/// pipe, is written to, and not replaced.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let written = || {
        let is_other = |found: fs::Metadata| !found.is_file() && !found.is_dir();
        if fs::metadata(path).is_ok_and(is_other) {
            return fs::OpenOptions::new()
                .write(true)
                .open(path)?
                .write_all(content);
        }
        let name = path
            .file_name()
            .ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "this is no name for a file"))?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let stage = folder.join(format!("{UNFINISHED}{}", std::process::id()));
        fs::create_dir_all(&stage)?;
        let stage = Stage { path: stage };
        let draft = stage.path.join(name);
        fs::write(&draft, content)?;
        fs::File::open(&draft)?.sync_all()?;
        fs::rename(draft, path)
    };
    written().map_err(|error| {
        let message = format!("cannot write `{}`: {}", path.display(), plain(&error));
        Failure::new(Exit::Io, message)
    })
}

/// Takes away what was made of an earlier result: it would show other figures than the new one.
pub(super) fn forget_added(folder: &Path) -> io::Result<()> {
    remove_if_there(&folder.join(ADDED[0]))?;
    let charts = folder.join(ADDED[1]);
    let Ok(entries) = fs::read_dir(&charts) else {
        return Ok(());
    };
    for entry in entries {
        let path = entry?.path();
        let is_chart = path
            .extension()
            .is_some_and(|end| end == "svg" || end == "png");
        if is_chart {
            fs::remove_file(path)?;
        }
    }
    // A folder that holds something else stays.
    let _ = fs::remove_dir(charts);
    Ok(())
}

/// The system's words without its number.
pub(super) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}
