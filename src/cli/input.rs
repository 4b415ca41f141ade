//! Reads a scenario's text from a file or from stdin.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::scenario::Source;

use super::exit::{Exit, Failure};
use super::shipped;

/// Longest scenario that is read: far beyond any real one, and no burden.
const LIMIT: u64 = 16 << 20;

/// Stands for stdin.
const STDIN: &str = "-";
/// What messages call it.
const STDIN_NAME: &str = "stdin";

/// Reads the scenario that the one called `from` says it extends: `wanted` is relative to the
/// folder of `from`.
pub(super) fn read_base(from: &str, wanted: &str) -> Result<Source, String> {
    if wanted == STDIN {
        return Err("stdin can only be read on the command line".to_owned());
    }
    if shipped::is_name(wanted) {
        return shipped::read(wanted).map_err(|failure| failure.text().to_owned());
    }
    read(&beside(from, wanted)).map_err(|failure| failure.text().to_owned())
}

/// The file `wanted` of the scenario called `from`, to whose folder it is relative.
pub(super) fn beside(from: &str, wanted: &str) -> PathBuf {
    let folder = match from {
        STDIN_NAME => None,
        from => Path::new(from).parent(),
    };
    folder.unwrap_or(Path::new("")).join(wanted)
}

/// Reads `file`; `-` stands for stdin, `@name` for a scenario that is shipped.
pub(super) fn read(file: &Path) -> Result<Source, Failure> {
    if let Some(name) = file.to_str().filter(|name| shipped::is_name(name)) {
        return shipped::read(name);
    }
    let (name, bytes) = if file == Path::new(STDIN) {
        (STDIN_NAME.to_owned(), limited(io::stdin().lock()))
    } else {
        // Opening a directory works on some systems and reading it fails obscurely.
        if fs::metadata(file).is_ok_and(|data| data.is_dir()) {
            let message = format!(
                "`{}` is a directory; a scenario is a TOML file{}",
                file.display(),
                suggestion(file)
            );
            return Err(Failure::new(Exit::InvalidScenario, message));
        }
        (
            file.display().to_string(),
            File::open(file).and_then(limited),
        )
    };
    let bytes = bytes.map_err(|error| unreadable(&name, file, &error))?;
    if bytes.len() as u64 > LIMIT {
        let message = format!(
            "`{name}` is larger than {} MiB: that is no scenario",
            LIMIT >> 20
        );
        return Err(Failure::new(Exit::InvalidScenario, message));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid]
            .split(|&byte| byte == b'\n')
            .count();
        let message =
            format!("`{name}` is not UTF-8 text: the first byte that is none is in line {line}");
        Failure::new(Exit::InvalidScenario, message)
    })?;
    Ok(Source { name, text })
}

fn limited(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(LIMIT + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(name: &str, file: &Path, error: &io::Error) -> Failure {
    let message = if error.kind() == ErrorKind::NotFound {
        format!("there is no file `{name}`{}", neighbour(file))
    } else {
        format!("cannot read `{name}`: {error}")
    };
    Failure::new(Exit::Io, message)
}

/// The scenarios in `folder`, in order.
fn scenarios(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    files
}

fn suggestion(folder: &Path) -> String {
    let first = scenarios(folder).into_iter().next();
    first.map_or(String::new(), |path| {
        format!(", such as `{}`", path.display())
    })
}

/// A file that may have been meant, if there is one of nearly that name.
fn neighbour(file: &Path) -> String {
    let Some(wanted) = file.file_stem().and_then(|stem| stem.to_str()) else {
        return String::new();
    };
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let near = scenarios(folder.unwrap_or(Path::new(".")))
        .into_iter()
        .chain(scenarios(Path::new("scenarios")))
        .filter_map(|path| {
            let stem = path.file_stem()?.to_str()?;
            let likeness = strsim::jaro_winkler(wanted, stem);
            (likeness > 0.85).then_some((likeness, path))
        })
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    near.map_or(String::new(), |(_, path)| {
        let path = path.strip_prefix(".").unwrap_or(&path);
        format!("; did you mean `{}`?", path.display())
    })
}
