//! Traces on disk: opened, looked into, and read while a scenario runs.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::path::Path;
use std::rc::Rc;

use crate::replay::compressed::decompressed;
use crate::scenario::traffic::{TraceContent, TraceSpec, Unusable};
use crate::traffic::survey::survey;
use crate::traffic::trace::{TraceError, TraceReader};
use crate::world::Rows;

use super::exit::{Exit, Failure};
use super::input;

/// Stands for stdin.
const STDIN: &str = "-";

/// Opens the trace `file`, which messages call `name`; `-` stands for stdin.
pub(super) fn open(file: &Path, name: &str) -> Result<Box<dyn BufRead>, Failure> {
    let unreadable = |error: io::Error| {
        let message = match error.kind() {
            ErrorKind::NotFound => format!("there is no file `{name}`"),
            _ => format!("cannot read `{name}`: {error}"),
        };
        Failure::new(Exit::Io, message)
    };
    if file == Path::new(STDIN) {
        return decompressed(BufReader::new(io::stdin())).map_err(unreadable);
    }
    if fs::metadata(file).is_ok_and(|data| data.is_dir()) {
        let message = format!("`{name}` is a directory; a trace is a CSV file");
        return Err(Failure::new(Exit::InvalidScenario, message));
    }
    let file = File::open(file).map_err(unreadable)?;
    decompressed(BufReader::new(file)).map_err(unreadable)
}

/// What is in the trace that the scenario called `from` names.
pub(super) fn look(from: &str, wanted: &str, skip: bool) -> Result<TraceContent, Unusable> {
    if wanted == STDIN {
        let why = "it is read twice, which stdin cannot be: name a file";
        return Err(Unusable::Unreadable(why.to_owned()));
    }
    let file = input::beside(from, wanted);
    let name = file.display().to_string();
    let unreadable = |failure: &Failure| Unusable::Unreadable(failure.text().to_owned());
    let content = open(&file, &name).map_err(|failure| unreadable(&failure))?;
    survey(&name, content, skip).map_err(|error| match error {
        TraceError::Line { .. } => Unusable::BadLine(format!("`{name}`, {error}")),
        TraceError::Io(error) => Unusable::Unreadable(format!("`{name}`: {error}")),
    })
}

/// A trace that is read while its scenario runs.
pub(super) struct Recording {
    /// Its rows.
    pub(super) rows: Rows,
    /// Why there are no more of them, if it is not because the trace is over.
    failure: Rc<RefCell<Option<Failure>>>,
}

impl Recording {
    /// That of a scenario without a trace.
    pub(super) fn none() -> Self {
        Self {
            rows: Box::new(|| None),
            failure: Rc::default(),
        }
    }

    /// The rows of `trace`, which has been looked into before.
    pub(super) fn open(trace: &TraceSpec) -> Result<Self, Failure> {
        let name = trace.content.name.clone();
        let mut reader = TraceReader::new(open(Path::new(&name), &name)?);
        let failure = Rc::new(RefCell::new(None));
        let told = Rc::clone(&failure);
        let skip = trace.skip_bad_lines;
        let rows = Box::new(move || {
            loop {
                match reader.next_row() {
                    Ok(row) => return row,
                    Err(TraceError::Line { .. }) if skip => {}
                    Err(error) => {
                        // It was whole when the scenario was loaded.
                        let message = format!("`{name}` has changed while it was read: {error}");
                        *told.borrow_mut() = Some(Failure::new(Exit::Io, message));
                        return None;
                    }
                }
            }
        });
        Ok(Self { rows, failure })
    }

    /// Hands out the rows, and what will say whether all of them could be read.
    pub(super) fn split(self) -> (Rows, Outcome) {
        (self.rows, Outcome(self.failure))
    }
}

/// Whether a trace could be read to the end of the run.
pub(super) struct Outcome(Rc<RefCell<Option<Failure>>>);

impl Outcome {
    /// The failure, if there was one.
    pub(super) fn check(self) -> Result<(), Failure> {
        match self.0.borrow_mut().take() {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }
}
