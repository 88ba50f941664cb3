//! What stands between the functions and S3 and may lie about stored objects: the functions are the real ones, but are
//! told another address of S3 than the stack's, which passes everything on.
//!
//! The signature of a request covers the host that it was sent to, so requests are passed on with that host's name.

use std::net::TcpListener as StdListener;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use anyhow::Context;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::header::EXPECT;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::liar::{Asked, Liar};
use crate::product;
use crate::recorder::forward;
use crate::stack::Stack;

/// Functions that read through here. `api` does not: the URLs that it signs must name the stack's own S3.
const READERS: [&str; 2] = ["veilsum-evaluate", "veilsum-combine"];
const OTHERS: [&str; 2] = ["veilsum-api", "veilsum-score"];

/// The front; dropping it ends it.
#[derive(Debug)]
pub struct Front {
    liar: Arc<Liar>,
    listener: Option<StdListener>,
    functions: TempDir,
    task: Option<JoinHandle<()>>,
}

impl Front {
    /// Takes a port and prepares the functions for it.
    ///
    /// # Errors
    /// There is no free port, or the functions were not built.
    pub fn open() -> anyhow::Result<Self> {
        let listener = StdListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let functions = TempDir::with_prefix("veilsum-functions-")?;
        let binaries = std::path::absolute(product::binaries()?)?;
        for name in READERS {
            write_program(&functions.path().join(name), &binaries.join(name), port)?;
        }
        for name in OTHERS {
            symlink(binaries.join(name), functions.path().join(name))?;
        }
        Ok(Self { liar: Arc::default(), listener: Some(listener), functions, task: None })
    }

    /// Arguments for a stack whose functions are to read through here.
    ///
    /// # Errors
    /// The temporary folder has a name that is no text.
    pub fn arguments(&self) -> anyhow::Result<[String; 2]> {
        let folder = self.functions.path().to_str().context("a folder whose name is no text")?;
        Ok(["--functions".to_owned(), folder.to_owned()])
    }

    /// Starts to pass on what the functions of `stack` ask for.
    ///
    /// # Errors
    /// It was started before.
    pub fn serve(&mut self, stack: &Stack) -> anyhow::Result<()> {
        let listener = TcpListener::from_std(self.listener.take().context("the front serves already")?)?;
        let s3 = stack.s3_origin().trim_start_matches("http://").to_owned();
        self.task = Some(tokio::spawn(serve(listener, s3, Arc::clone(&self.liar))));
        Ok(())
    }

    /// Who lies to the functions.
    #[must_use]
    pub fn liar(&self) -> &Liar {
        &self.liar
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

/// A program that becomes the function, with another address of S3 in its environment.
fn write_program(path: &Path, binary: &Path, port: u16) -> anyhow::Result<()> {
    let text = format!(
        "#!/bin/sh\nAWS_ENDPOINT_URL_S3=http://127.0.0.1:{port} exec '{}' \"$@\"\n",
        binary.to_str().context("a folder whose name is no text")?
    );
    fs::write(path, text)?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}

async fn serve(listener: TcpListener, s3: String, liar: Arc<Liar>) {
    while let Ok((connection, _)) = listener.accept().await {
        let (s3, liar) = (s3.clone(), Arc::clone(&liar));
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let (s3, liar) = (s3.clone(), Arc::clone(&liar));
                async move {
                    let (mut parts, body) = request.into_parts();
                    let asked = Asked::of(&parts);
                    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
                    parts.headers.remove(EXPECT);
                    let request = Request::from_parts(parts, Full::new(body));
                    let truth = forward(request, &s3).await.map_err(io::Error::other)?;
                    Ok::<_, io::Error>(liar.answer(asked.as_ref(), truth).await)
                }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(connection), service);
            // A function may end whenever it likes.
            let _ = connection.await;
        });
    }
}
