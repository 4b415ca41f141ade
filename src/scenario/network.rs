//! `[network]`: between the application and the nodes.

use crate::kernel::quantiles::Distribution;
use crate::units::Span;

/// `[network]`.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkSpec {
    /// One way between application and node.
    pub hop: Distribution<Span>,
}
