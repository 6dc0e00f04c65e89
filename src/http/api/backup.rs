//! `GET /api/v1/backup`: a checkpoint of the store as a tar archive, while the server goes on.
//!
//! Guarantees: one at a time; an archive that is whole ends as tar ends; what was made on disk is removed afterwards, or by
//! the next start.
//! Never: holds `admin.token`.

use crate::{
    http::{
        Problem, State,
        access::Access,
        auth::Act,
        body::{self, AnswerWriter},
    },
    store::{BackupError, CHECKPOINT},
};
use axum::{
    extract::State as Of,
    http::header,
    response::{IntoResponse, Response},
};
use std::{fs, io, path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// A checkpoint on disk, removed when it is no longer needed.
struct Checkpoint(PathBuf);

impl Drop for Checkpoint {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "a finished backup cannot be removed from the data directory");
        }
    }
}

/// A backup
///
/// A tar archive that makes a data directory: unpack it, and start the server with it. The store of the copy knows that it
/// is one: it draws a new lineage and pauses expiry.
#[utoipa::path(get, path = "/api/v1/backup", tag = "operation", security(("token" = ["admin"])),
    responses((status = 200, description = "The archive", body = Vec<u8>, content_type = "application/x-tar")))]
pub(super) async fn backup(Of(state): Of<State>, access: Access) -> Result<Response, Problem> {
    access.may(Act::Admin)?;
    let running = Arc::clone(&state.backup);
    let busy = || Problem::busy("a backup is running", Duration::from_secs(10));
    let turn = running.try_lock_owned().map_err(|_| busy())?;
    let (writer, body) = body::answer();
    let (begun, beginning) = oneshot::channel();
    // The thread goes on after the head of the answer is sent; it ends with the body, at the latest when its reader goes.
    drop(tokio::task::spawn_blocking(move || {
        let checkpoint = match make(&state) {
            Ok(checkpoint) => checkpoint,
            Err(problem) => {
                // Whoever asked may be gone.
                let _ = begun.send(Err(problem));
                return;
            }
        };
        let _ = begun.send(Ok(()));
        let written = write(&checkpoint, writer);
        // Whoever sees the archive's end may ask for the next one.
        drop((checkpoint, turn));
        if let Err(error) = written.and_then(AnswerWriter::end) {
            tracing::info!(%error, "a backup broke off");
        }
    }));
    beginning.await.unwrap_or_else(|_| Err(Problem::internal()))?;
    Ok(([(header::CONTENT_TYPE, "application/x-tar")], body).into_response())
}

fn make(state: &State) -> Result<Checkpoint, Problem> {
    let checkpoint = Checkpoint(state.parts.data_dir.join(CHECKPOINT));
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "a backup failed");
        Problem::internal()
    };
    if checkpoint.0.exists() {
        fs::remove_dir_all(&checkpoint.0).map_err(|error| failed(&error))?;
    }
    state.store().backup(&checkpoint.0).map_err(|error: BackupError| failed(&error))?;
    Ok(checkpoint)
}

fn write(checkpoint: &Checkpoint, writer: AnswerWriter) -> io::Result<AnswerWriter> {
    let mut archive = tar::Builder::new(writer);
    archive.mode(tar::HeaderMode::Deterministic);
    archive.append_dir_all(".", &checkpoint.0)?;
    archive.into_inner()
}
