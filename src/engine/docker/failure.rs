//! The engine's errors, read for what they mean.

use bollard::errors::Error;

use crate::engine::{ContainerId, ContainerSpec, EngineError};

/// Wraps an error of the client with what was tried.
pub(super) fn operation(operation: impl Into<String>, source: Error) -> EngineError {
    EngineError::Operation { operation: operation.into(), source: Box::new(source) }
}

/// Writes an error and its causes in one line; the server's own message alone where there is one.
pub(super) fn words(error: &Error) -> String {
    if let Error::DockerResponseServerError { message, .. } | Error::DockerStreamError { error: message } = error {
        return message.trim().to_owned();
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

/// Writes the innermost cause of an error: of one in connecting, the layers of the client say nothing more.
pub(super) fn root_words(error: &Error) -> String {
    if server_code(error).is_some() {
        return words(error);
    }
    let mut root: &dyn std::error::Error = error;
    while let Some(cause) = root.source() {
        root = cause;
    }
    root.to_string()
}

/// Returns the status of the engine's answer, if it is one.
pub(super) fn server_code(error: &Error) -> Option<u16> {
    match error {
        Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

/// Tells whether the object does not exist (404).
pub(super) fn is_gone(error: &Error) -> bool {
    server_code(error) == Some(404)
}

/// Tells whether a container is gone, or is not running (409).
pub(super) fn is_gone_or_stopped(error: &Error) -> bool {
    matches!(server_code(error), Some(404 | 409)) || words(error).contains("is not running")
}

/// Tells whether somebody else is already removing the container.
pub(super) fn is_being_removed(error: &Error) -> bool {
    server_code(error) == Some(409) && words(error).contains("already in progress")
}

/// Reads why a container could not be created.
pub(super) fn of_create(spec: &ContainerSpec, error: Error) -> EngineError {
    let text = words(&error);
    if server_code(&error) == Some(404) && text.contains("No such image") {
        return EngineError::ImageMissing { image: spec.image_name.clone(), detail: text };
    }
    operation(format!("create container `{}`", spec.name), error)
}

/// Reads why a container could not be started: a command that is not in the image is the image's fault.
pub(super) fn of_start(container: &ContainerId, error: Error) -> EngineError {
    let text = words(&error);
    let about_command = ["executable file not found", "no such file or directory", "permission denied", "exec format"];
    if text.contains("exec:") && about_command.iter().any(|sign| text.contains(sign)) {
        let command = text.split("exec: ").nth(1).and_then(|rest| rest.split('"').nth(1)).unwrap_or("the command");
        return EngineError::Command { command: command.to_owned(), detail: text.clone() };
    }
    if let Some(user) = text.split("unable to find user ").nth(1).and_then(|rest| rest.split(':').next()) {
        return EngineError::UserMissing { user: user.to_owned() };
    }
    if let Some(network) = missing_network(&text) {
        return EngineError::NetworkMissing { network: network.to_owned() };
    }
    operation(format!("start container {}", container.0), error)
}

fn missing_network(text: &str) -> Option<&str> {
    text.split_once("network ")?.1.strip_suffix(" not found")
}
