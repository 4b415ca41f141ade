//! Reading of measured runs, and the bounds.

use super::figures::{Observed, Verdict};
use super::measured::{Config, Measured};
use super::*;
