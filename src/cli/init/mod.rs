//! `sessionsim init`.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::exit::{Exit, Failure};
use super::terminal::{to_stderr, to_stdout};

/// Print a commented starter scenario for a stack
///
/// It loads and runs as it is: the key, size, TTL and commands of its sessions are those of the
/// stack's usual library, which it names. Put in your own users and nodes.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// What the sessions are of
    #[arg(value_enum, default_value = "plain")]
    stack: Stack,
    /// File to write it to, which must not exist yet
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(
    clippy::doc_markdown,
    reason = "these comments are the help text, printed as they stand"
)]
enum Stack {
    /// A library that stores one string
    Plain,
    /// express-session with connect-redis
    Express,
    /// Django's cache sessions
    Django,
    /// Spring Session
    Spring,
    /// PHP's session handler of phpredis
    Php,
    /// Laravel's session driver redis
    Laravel,
    /// Rails with redis-session-store
    Rails,
    /// ASP.NET Core session on RedisCache
    Aspnet,
}

/// What differs between stacks.
struct Starter {
    title: &'static str,
    /// Length of the run, at least two TTLs.
    duration: &'static str,
    /// So many that the run takes some seconds.
    concurrent: u32,
    /// `[users.session]` with its comments.
    session: &'static str,
}

impl Stack {
    const fn starter(self) -> Starter {
        let (title, duration, concurrent, session) = match self {
            Self::Plain => ("a plain library", "1d", 1_000, include_str!("plain.toml")),
            Self::Express => (
                "express-session with connect-redis",
                "2d",
                500,
                include_str!("express.toml"),
            ),
            Self::Django => (
                "Django's cache sessions",
                "28d",
                100,
                include_str!("django.toml"),
            ),
            Self::Spring => ("Spring Session", "1d", 1_000, include_str!("spring.toml")),
            Self::Php => (
                "PHP's session handler of phpredis",
                "1d",
                1_000,
                include_str!("php.toml"),
            ),
            Self::Laravel => (
                "Laravel's session driver redis",
                "1d",
                1_000,
                include_str!("laravel.toml"),
            ),
            Self::Rails => (
                "Rails with redis-session-store",
                "1d",
                1_000,
                include_str!("rails.toml"),
            ),
            Self::Aspnet => (
                "ASP.NET Core sessions on RedisCache",
                "1d",
                1_000,
                include_str!("aspnet.toml"),
            ),
        };
        Starter {
            title,
            duration,
            concurrent,
            session,
        }
    }

    /// The whole scenario.
    fn scenario(self) -> String {
        let Starter {
            title,
            duration,
            concurrent,
            session,
        } = self.starter();
        let stack = self.to_possible_value();
        let stack = stack.as_ref().map_or("", |value| value.get_name());
        include_str!("scenario.toml")
            .replace("{title}", title)
            .replace("{stack}", stack)
            .replace("{duration}", duration)
            .replace("{concurrent}", &concurrent.to_string())
            .replace("{session}\n", session)
    }
}

impl Init {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let text = self.stack.scenario();
        match &self.out {
            None => to_stdout(&text)?,
            Some(file) => {
                write_new(file, &text)?;
                let file = file.display();
                to_stderr(&format!(
                    "Wrote {file}. Put in your own figures, then: sessionsim run {file}\n"
                ));
            }
        }
        Ok(Exit::Success)
    }
}

/// Writes a file that does not exist yet.
fn write_new(file: &Path, text: &str) -> Result<(), Failure> {
    let written = File::create_new(file).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let file = file.display();
        Failure::new(
            Exit::Io,
            match error.kind() {
                ErrorKind::AlreadyExists => format!("`{file}` exists and is left as it is"),
                _ => format!("cannot write `{file}`: {error}"),
            },
        )
    })
}
