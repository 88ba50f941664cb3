//! What can go wrong between us and storage.

use std::error::Error;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// Storage did not do what it was asked to. Trying again may help.
#[derive(Debug, thiserror::Error)]
#[error("could not {operation} (status {}, code {})", shown(*status), code.as_deref().unwrap_or("none"))]
pub struct StoreError {
    operation: &'static str,
    status: Option<u16>,
    code: Option<String>,
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

impl StoreError {
    /// A call to S3 failed.
    pub(super) fn of<E>(operation: &'static str, error: SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let code = error.code().map(str::to_owned);
        // Storage's own sentence can repeat what was sent to it; status and code are enough.
        let is_answer = matches!(error, SdkError::ServiceError(_));
        let source = if is_answer { "storage refused".into() } else { Box::new(error) as Box<_> };
        Self { operation, status, code, source }
    }

    /// Something failed on our side of the connection.
    pub(crate) fn of_local(operation: &'static str, error: impl Error + Send + Sync + 'static) -> Self {
        Self { operation, status: None, code: None, source: Box::new(error) }
    }

    /// Storage answered, but not with what was asked for.
    pub(crate) fn refused(operation: &'static str, reason: &'static str) -> Self {
        Self { operation, status: None, code: None, source: reason.into() }
    }

    pub(super) fn is_absent(&self) -> bool {
        self.status == Some(404)
    }

    pub(super) fn is_precondition_failed(&self) -> bool {
        self.status == Some(412)
    }

    pub(super) fn is_conflict(&self) -> bool {
        self.status == Some(409)
    }

    pub(super) fn is_range_behind_end(&self) -> bool {
        self.status == Some(416)
    }
}

fn shown(status: Option<u16>) -> String {
    status.map_or_else(|| "none".to_owned(), |status| status.to_string())
}
