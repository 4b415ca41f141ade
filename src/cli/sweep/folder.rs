//! The folder of a sweep. Finished runs lie in a hidden folder within it at once, each a file that
//! appears whole or not at all; everything else in it is result, written when all runs are done.
//!
//! A file that says so marks the folder as unfinished until every result is in place. Killed at any
//! moment, the next sweep finds the marker and, under the identities of their runs, all that was
//! finished.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{ADDED, forget_added, plain, remove_if_there, write_through};
use crate::sweep::records::Record;

/// What is left of a sweep beside its results.
const PROGRESS: &str = ".sessionsim-sweep";
/// In it: marks a sweep whose results are not all in place.
const UNFINISHED: &str = "unfinished";
/// All files that a sweep leaves; what vouches for the others is written last.
const FILES: [&str; 6] = [
    "sweep.toml",
    "points.csv",
    "summary.csv",
    "sensitivity.csv",
    "sweep.json",
    PART,
];
/// The file of a part of a sweep.
pub(in crate::cli) const PART: &str = "part.json";

/// Writes the content of a file.
pub(in crate::cli) type Content<'a> = &'a dyn Fn(&mut dyn Write) -> io::Result<()>;

/// The folder of a sweep.
#[derive(Debug)]
pub(in crate::cli) struct Folder {
    path: PathBuf,
    progress: PathBuf,
    /// Numbers temporary files, so that no two threads write the same.
    written: AtomicU64,
}

impl Folder {
    /// Makes the folder, or goes on with one that holds a sweep. One that is unfinished is gone on
    /// with only if `resume` says so.
    pub(in crate::cli) fn open(path: &Path, resume: bool) -> Result<Self, Failure> {
        let folder = Self {
            path: path.to_path_buf(),
            progress: path.join(PROGRESS),
            written: AtomicU64::new(0),
        };
        folder
            .refuse_foreign()
            .and_then(|()| fs::create_dir_all(&folder.progress))
            .map_err(|error| folder.unusable(&error))?;
        let marker = folder.progress.join(UNFINISHED);
        if marker.exists() && !resume {
            let message = format!(
                "`{}` holds a sweep that was not finished: go on with --resume, or choose another \
                 folder with --out",
                path.display()
            );
            return Err(Failure::new(Exit::Usage, message));
        }
        write_through(&marker, "Results are not complete: go on with --resume.\n")
            .map_err(|error| folder.unusable(&error))?;
        Ok(folder)
    }

    /// A run that was finished before.
    pub(in crate::cli) fn find(&self, id: &str) -> Option<Record> {
        let text = fs::read_to_string(self.record(id)).ok()?;
        Record::from_text(&text).filter(|record| record.id == id)
    }

    /// Keeps a finished run.
    pub(in crate::cli) fn keep(&self, record: &Record) -> Result<(), String> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let written = self
            .progress
            .join(format!("{}-{number}.tmp", std::process::id()));
        let path = self.record(&record.id);
        let kept = fs::write(&written, record.to_text()).and_then(|()| fs::rename(&written, &path));
        kept.map_err(|error| {
            let _ = fs::remove_file(&written);
            format!("cannot write `{}`: {}", path.display(), plain(&error))
        })
    }

    /// Puts the results in place of those of an earlier sweep.
    pub(in crate::cli) fn write(&self, files: &[(&str, Content<'_>)]) -> Result<(), Failure> {
        self.write_all(files).map_err(|error| {
            let message = format!(
                "cannot write the results to `{}`: {}; finished runs are kept, --resume goes on",
                self.path.display(),
                plain(&error)
            );
            Failure::new(Exit::Io, message)
        })
    }

    fn write_all(&self, files: &[(&str, Content<'_>)]) -> io::Result<()> {
        // All of them fit on the disk before the first appears under its name.
        for (name, content) in files {
            let mut file = BufWriter::new(File::create(self.progress.join(name))?);
            content(&mut file)?;
            file.into_inner()?.sync_all()?;
        }
        for name in FILES {
            remove_if_there(&self.path.join(name))?;
        }
        forget_added(&self.path)?;
        for (name, _) in files {
            fs::rename(self.progress.join(name), self.path.join(name))?;
        }
        self.tidy()?;
        remove_if_there(&self.progress.join(UNFINISHED))
    }

    /// Removes what killed processes left half-written.
    fn tidy(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.progress)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "tmp") {
                remove_if_there(&path)?;
            }
        }
        Ok(())
    }

    fn record(&self, id: &str) -> PathBuf {
        self.progress.join(format!("{id}.json"))
    }

    /// An existing folder may hold a sweep, and nothing else.
    fn refuse_foreign(&self) -> io::Result<()> {
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            if !FILES.contains(&&*name) && !ADDED.contains(&&*name) && name != PROGRESS {
                let message = format!("it holds `{name}`, which is no result of a sweep");
                return Err(io::Error::new(ErrorKind::AlreadyExists, message));
            }
        }
        Ok(())
    }

    fn unusable(&self, error: &io::Error) -> Failure {
        let message = format!(
            "cannot write a sweep to `{}`: {}",
            self.path.display(),
            plain(error)
        );
        Failure::new(Exit::Io, message)
    }
}
