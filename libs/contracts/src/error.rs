//! Errors in logs.

use std::error::Error;

/// Returns the error and its causes on one line: the value of the log field `error`. It has no `Debug` forms, which
/// would show whole requests.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
