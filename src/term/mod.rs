//! Everything about terminals: results, notes, errors and their exit codes, progress, prompts.

#[cfg(test)]
pub(crate) mod captured;
mod color;
mod document;
pub mod escape;
pub mod exit;
pub mod fault;
mod json;
pub mod output;
pub mod page;
pub mod progress;
pub mod prompt;
mod screen;
pub mod table;
