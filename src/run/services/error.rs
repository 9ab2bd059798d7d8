//! Why a service cannot serve.

use std::fmt;

use crate::engine::EngineError;

/// A service that could not be started, or did not get ready.
#[derive(Debug, Clone)]
pub(crate) struct ServiceError {
    /// Its name; `None` when it is the network that cannot be made.
    service: Option<String>,
    detail: String,
    /// The last lines that it printed.
    last_lines: String,
}

impl ServiceError {
    pub(super) fn new(service: &str, detail: impl Into<String>) -> Self {
        Self { service: Some(service.to_owned()), detail: detail.into(), last_lines: String::new() }
    }

    pub(super) fn of_network(detail: impl Into<String>) -> Self {
        Self { service: None, detail: detail.into(), last_lines: String::new() }
    }

    pub(super) fn of_engine(service: &str, error: &EngineError) -> Self {
        let help = match error {
            EngineError::Command { .. } => Some("correct its `command` or `entrypoint`".to_owned()),
            error => error.help(),
        };
        let help = help.map(|help| format!("; {help}")).unwrap_or_default();
        Self::new(service, format!("{}{help}", error.in_full()))
    }

    #[must_use]
    pub(super) fn with_last_lines(self, last_lines: String) -> Self {
        Self { last_lines, ..self }
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.service {
            Some(service) => write!(f, "service `{service}`: {}", self.detail)?,
            None => write!(f, "the network of the services: {}", self.detail)?,
        }
        if !self.last_lines.is_empty() {
            write!(f, "\nthe last lines of its log:\n{}", self.last_lines)?;
        }
        Ok(())
    }
}
