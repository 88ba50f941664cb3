//! The whole cloud in one process: S3, functions, jobs, gateway and page.

use std::fs::{self, File, TryLockError};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use tokio::net::TcpListener;

use crate::functions::{Function, FunctionLimits, Host, RunningProcess, Setup};
use crate::jobs::{self, Runner};
use crate::s3::{self, Backend, Credentials, Faults};
use crate::secrets::Secrets;
use crate::server::Server;
use crate::{gateway, s3::Options};

/// The one bucket of the product.
pub const BUCKET: &str = "veilsum";
/// Region that is signed for.
pub const REGION: &str = "us-east-1";
/// Port of the page unless another is asked for.
pub const DEFAULT_PORT: u16 = 4780;
/// Port of S3 unless another is asked for.
pub const DEFAULT_S3_PORT: u16 = 4781;

/// What to start.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder that holds all data, secrets and logs; made if it is not there.
    pub data: PathBuf,
    /// Folder with the built page.
    pub site: PathBuf,
    /// Folder with the function binaries.
    pub functions: PathBuf,
    /// Loopback port of page and API; 0 takes any free one.
    pub port: u16,
    /// Loopback port of S3; 0 takes any free one.
    pub s3_port: u16,
    /// Limits of the functions.
    pub limits: FunctionLimits,
    /// For tests: faults of S3.
    pub faults: Faults,
    /// For tests: every invocation of a job's function is made twice.
    pub deliver_twice: bool,
}

impl Config {
    /// The usual ports and limits, no faults.
    #[must_use]
    pub fn new(data: PathBuf, site: PathBuf, functions: PathBuf) -> Self {
        Self {
            data,
            site,
            functions,
            port: DEFAULT_PORT,
            s3_port: DEFAULT_S3_PORT,
            limits: FunctionLimits::default(),
            faults: Faults::NONE,
            deliver_twice: false,
        }
    }
}

/// Why the stack did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The page's port is taken.
    #[error(
        "Port {port} is taken by another program, perhaps by another Veilsum. The browser keeps the keyring for \
         exactly http://127.0.0.1:{port}: under another port it would be missing there. Stop the other program, or \
         choose a port with --port and import the key file there."
    )]
    PagePortTaken {
        /// The port.
        port: u16,
    },
    /// The port of S3 is taken.
    #[error("Port {port} for storage is taken by another program. Stop it, or choose a port with --s3-port.")]
    S3PortTaken {
        /// The port.
        port: u16,
    },
    /// A port cannot be listened on.
    #[error("Port {port} cannot be used: {source}")]
    Port {
        /// The port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// Another process uses the data folder.
    #[error("The data folder {} is in use by another Veilsum. Stop that one first.", path.display())]
    DataInUse {
        /// The folder.
        path: PathBuf,
    },
    /// The data folder cannot be used.
    #[error("The data folder {} cannot be used: {source}", path.display())]
    Data {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A function's binary is not there.
    #[error("The function binary {} is missing. Build it with `cargo xtask up`.", path.display())]
    FunctionMissing {
        /// Where it should be.
        path: PathBuf,
    },
}

/// The running cloud. Dropping it ends it too, without letting requests finish.
#[derive(Debug)]
pub struct Stack {
    jobs: Runner,
    page: Server,
    s3: Server,
    functions: Host,
    backend: Backend,
    credentials: Credentials,
    /// Held as long as the data folder is in use.
    _lock: DataLock,
}

impl Stack {
    /// Starts everything; when this returns, requests are answered.
    ///
    /// # Errors
    /// [`StartError`], a sentence with the next step in it.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        for function in Function::ALL {
            let path = config.functions.join(function.binary());
            if !path.is_file() {
                return Err(StartError::FunctionMissing { path });
            }
        }
        let path = &config.data;
        let data = |source| StartError::Data { path: path.clone(), source };
        fs::create_dir_all(path.join("logs")).map_err(data)?;
        let lock = DataLock::take(&config)?;
        let secrets = Secrets::load_or_generate(&path.join("secrets.json")).map_err(data)?;
        let page = listen(config.port, StartError::PagePortTaken { port: config.port }).await?;
        let s3 = listen(config.s3_port, StartError::S3PortTaken { port: config.s3_port }).await?;
        let (page_address, s3_address) = (page.local_addr().map_err(data)?, s3.local_addr().map_err(data)?);

        let folder = path.join("s3");
        let opening = tokio::task::spawn_blocking(move || Backend::open(&folder));
        let backend = opening.await.map_err(io::Error::other).and_then(|opened| opened).map_err(data)?;
        backend.create_bucket(BUCKET).map_err(data)?;
        let origins = vec![format!("http://{page_address}")];
        let options = Options { credentials: secrets.credentials.clone(), origins, faults: config.faults };
        let s3 = s3::serve(s3, backend.clone(), options).map_err(data)?;

        let setup = Setup {
            binaries: std::path::absolute(&config.functions).map_err(data)?,
            logs: path.join("logs"),
            environment: environment(&secrets, s3_address),
            limits: config.limits,
        };
        let functions = Host::start(setup).await.map_err(data)?;
        let options = jobs::Options {
            concurrency: config.limits.evaluate.concurrency,
            deliver_twice: config.deliver_twice,
        };
        let jobs = Runner::start(backend.clone(), functions.clone(), BUCKET, options);
        let page = gateway::serve(page, config.site, functions.clone(), &s3.url()).map_err(data)?;
        Ok(Self { jobs, page, s3, functions, backend, credentials: secrets.credentials, _lock: lock })
    }

    /// Address of the page, with a slash at the end.
    #[must_use]
    pub fn page_url(&self) -> String {
        format!("{}/", self.page.url())
    }

    /// Address of S3, without a slash at the end.
    #[must_use]
    pub fn s3_url(&self) -> String {
        self.s3.url()
    }

    /// The access key of S3.
    #[must_use]
    pub const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The storage behind S3.
    #[must_use]
    pub const fn backend(&self) -> &Backend {
        &self.backend
    }

    /// The function processes that run now.
    #[must_use]
    pub fn processes(&self) -> Vec<RunningProcess> {
        self.functions.processes()
    }

    /// Ends jobs and processes, lets open requests finish for two seconds, and releases the data folder.
    pub async fn stop(self) {
        drop(self.jobs);
        self.functions.stop().await;
        tokio::join!(self.page.stop(), self.s3.stop());
    }
}

/// The lock on the data folder. Given up by name when it is dropped: a process that is being started at that moment
/// still has the file open.
#[derive(Debug)]
struct DataLock(File);

impl DataLock {
    fn take(config: &Config) -> Result<Self, StartError> {
        let data = |source| StartError::Data { path: config.data.clone(), source };
        let path = config.data.join("lock");
        let file = File::options().create(true).truncate(false).write(true).open(path).map_err(data)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(StartError::DataInUse { path: config.data.clone() }),
            Err(TryLockError::Error(source)) => Err(data(source)),
        }
    }
}

impl Drop for DataLock {
    fn drop(&mut self) {
        // Closing the file, which follows, does it too.
        let _ = self.0.unlock();
    }
}

async fn listen(port: u16, taken: StartError) -> Result<TcpListener, StartError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|source| {
        if source.kind() == io::ErrorKind::AddrInUse { taken } else { StartError::Port { port, source } }
    })
}

/// What functions know of their surroundings.
fn environment(secrets: &Secrets, s3: SocketAddr) -> Vec<(String, String)> {
    let variables = [
        ("VEILSUM_BUCKET", BUCKET.to_owned()),
        ("VEILSUM_TOKEN_KEY", secrets.token_key.clone()),
        ("AWS_ENDPOINT_URL_S3", format!("http://{s3}")),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", secrets.credentials.access_key.clone()),
        ("AWS_SECRET_ACCESS_KEY", secrets.credentials.secret_key.clone()),
        // Without it the client would look for a role in the metadata service of a virtual machine.
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ];
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
