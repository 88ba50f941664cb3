//! A headless Chromium with a profile of its own, and the few things that stories do with it.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::*;
use thirtyfour::{ChromeCapabilities, LoggingPrefsLogLevel};

use crate::recorder::Recorder;
use crate::stack::{self, Stack};
use crate::wait::{LONG, SOON, until};

/// What `chromedriver` prints before its port.
const READY: &str = "was started successfully on port ";

/// What makes Chromium work in a container, and keeps it from talking to its maker.
const FLAGS: [&str; 22] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--no-service-autorun",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-search-engine-choice-screen",
    "--disable-sync",
    "--disable-features=AutofillServerCommunication,DialMediaRouteProvider,MediaRouter,NetworkTimeServiceQuerying,\
     OptimizationHints,Translate,PreconnectToSearch,NavigationPredictor,LoadingPredictorPrefetch",
    "--metrics-recording-only",
    "--window-size=1280,1000",
];

/// Lines of the browser's console that no story may leave behind.
const COMPLAINTS: [&str; 4] = ["Content Security Policy", "panicked at", "Uncaught", "Refused to"];

/// An open browser; dropping it ends it.
#[derive(Debug)]
pub struct Browser {
    driver: WebDriver,
    process: Child,
    recorder: Option<Recorder>,
    folder: TempDir,
    page: String,
}

impl Browser {
    /// Opens a browser with a new profile that sends everything through a [`Recorder`].
    ///
    /// # Errors
    /// It does not start.
    pub async fn open(stack: &Stack) -> anyhow::Result<Self> {
        let recorder = Recorder::start().await?;
        Self::start(stack.page_origin(), Some(recorder)).await
    }

    /// Opens a browser that connects directly, for measurements.
    ///
    /// # Errors
    /// It does not start.
    pub async fn open_unrecorded(stack: &Stack) -> anyhow::Result<Self> {
        Self::start(stack.page_origin(), None).await
    }

    async fn start(page: String, recorder: Option<Recorder>) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("veilsum-browser-")?;
        let downloads = folder.path().join("downloads");
        std::fs::create_dir(&downloads)?;

        let mut capabilities = DesiredCapabilities::chrome();
        if let Some(chromium) = std::env::var("CHROMIUM").ok().or_else(|| find("chromium")) {
            capabilities.set_binary(&chromium)?;
        }
        for flag in FLAGS {
            capabilities.add_arg(flag)?;
        }
        capabilities.add_arg(&format!("--user-data-dir={}", folder.path().join("profile").display()))?;
        if let Some(recorder) = &recorder {
            capabilities.add_arg(&format!("--proxy-server={}", recorder.address()))?;
            // Without this, Chromium talks to its own machine past every proxy.
            capabilities.add_arg("--proxy-bypass-list=<-loopback>")?;
        }
        capabilities.add_experimental_option(
            "prefs",
            json!({
                "download.default_directory": downloads,
                "download.prompt_for_download": false,
                "autofill.profile_enabled": false,
                "credentials_enable_service": false,
                "search.suggest_enabled": false,
                "signin.allowed": false,
                "net.network_prediction_options": 2,
            }),
        )?;
        capabilities.set_browser_log_level(LoggingPrefsLogLevel::All)?;
        let (process, driver) = connect(folder.path(), capabilities).await?;
        let parameters = json!({ "behavior": "allow", "downloadPath": downloads });
        driver.cdp().send_raw("Page.setDownloadBehavior", parameters).await?;
        Ok(Self { driver, process, recorder, folder, page })
    }

    /// What left this browser.
    ///
    /// # Panics
    /// If it was opened with [`Browser::open_unrecorded`].
    #[must_use]
    pub fn recorder(&self) -> &Recorder {
        self.recorder.as_ref().expect("the story opened this browser with a recorder")
    }

    /// Goes to an address of the page, e.g. `/datasets`.
    ///
    /// # Errors
    /// It does not load.
    pub async fn go(&self, path: &str) -> anyhow::Result<()> {
        Ok(self.driver.goto(format!("{}{path}", self.page)).await?)
    }

    /// Loads the page anew, as F5 does.
    ///
    /// # Errors
    /// It does not load.
    pub async fn reload(&self) -> anyhow::Result<()> {
        Ok(self.driver.refresh().await?)
    }

    /// Goes back in the history, as the button of the browser does.
    ///
    /// # Errors
    /// The browser is gone.
    pub async fn back(&self) -> anyhow::Result<()> {
        Ok(self.driver.back().await?)
    }

    /// The path of the address bar.
    ///
    /// # Errors
    /// The browser is gone.
    pub async fn path(&self) -> anyhow::Result<String> {
        Ok(self.driver.current_url().await?.path().to_owned())
    }

    /// Runs the body of a function in the page and gives what it returns.
    ///
    /// # Errors
    /// It throws, or returns something else.
    pub async fn script<T: DeserializeOwned>(&self, body: &str, arguments: &[Value]) -> anyhow::Result<T> {
        let returned = self.driver.execute(body, arguments.to_vec()).await?;
        returned.convert().with_context(|| format!("the page returned {} from: {body}", returned.json()))
    }

    /// The first element with this test id, if it is there.
    ///
    /// # Errors
    /// The browser is gone.
    pub async fn find(&self, testid: &str) -> anyhow::Result<Option<WebElement>> {
        Ok(self.driver.find_all(By::Testid(testid)).await?.into_iter().next())
    }

    /// Waits until an element with this test id is there.
    ///
    /// # Errors
    /// It does not come.
    pub async fn wait_for(&self, testid: &str, within: Duration) -> anyhow::Result<WebElement> {
        until(&format!("`{testid}` to appear"), within, async || self.find(testid).await).await
    }

    /// Waits until one of several elements is there, and tells which.
    ///
    /// # Errors
    /// None comes.
    pub async fn wait_for_any<'a>(&self, testids: &[&'a str], within: Duration) -> anyhow::Result<&'a str> {
        until(&format!("one of {testids:?} to appear"), within, async || {
            for testid in testids {
                if self.find(testid).await?.is_some() {
                    return Ok(Some(*testid));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Waits until no element with this test id is left.
    ///
    /// # Errors
    /// It stays.
    pub async fn wait_gone(&self, testid: &str, within: Duration) -> anyhow::Result<()> {
        until(&format!("`{testid}` to go"), within, async || {
            Ok(self.find(testid).await?.is_none().then_some(()))
        })
        .await
    }

    /// Clicks an element as soon as it is there and enabled.
    ///
    /// # Errors
    /// It does not come, or stays disabled.
    pub async fn click(&self, testid: &str) -> anyhow::Result<()> {
        until(&format!("`{testid}` to be clicked"), SOON, async || {
            let Some(element) = self.find(testid).await? else { return Ok(None) };
            // Rendered anew between the two steps, or still covered: it is looked up again.
            if !element.is_enabled().await.unwrap_or(false) {
                return Ok(None);
            }
            Ok(element.click().await.ok())
        })
        .await
    }

    /// Types into a field that may hold something already.
    ///
    /// # Errors
    /// The field does not come.
    pub async fn fill(&self, testid: &str, text: &str) -> anyhow::Result<()> {
        let field = self.wait_for(testid, SOON).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// Chooses an entry of a list by its value.
    ///
    /// # Errors
    /// The list or the entry is not there.
    pub async fn choose(&self, testid: &str, value: &str) -> anyhow::Result<()> {
        self.wait_for(testid, SOON).await?;
        let body = "const list = document.querySelector(`[data-testid=\"${arguments[0]}\"]`);
            const found = [...list.options].some(option => option.value === arguments[1]);
            if (found) { list.value = arguments[1]; list.dispatchEvent(new Event('change', { bubbles: true })); }
            return found;";
        let found: bool = self.script(body, &[testid.into(), value.into()]).await?;
        ensure!(found, "`{testid}` has no entry `{value}`");
        Ok(())
    }

    /// Ticks or clears a box.
    ///
    /// # Errors
    /// The box is not there.
    pub async fn tick(&self, testid: &str, wanted: bool) -> anyhow::Result<()> {
        until(&format!("`{testid}` to be ticked as wanted"), SOON, async || {
            let is_ticked = self.wait_for(testid, SOON).await?.is_selected().await.unwrap_or(!wanted);
            if is_ticked == wanted {
                return Ok(Some(()));
            }
            // The page may move under the pointer while it loads: whether it was hit is looked at again.
            self.click(testid).await?;
            Ok(None)
        })
        .await
    }

    /// Opens folded parts of the page.
    ///
    /// # Errors
    /// There is none of that name.
    pub async fn unfold(&self, testid: &str) -> anyhow::Result<()> {
        self.wait_for(testid, SOON).await?;
        let body = "document.querySelector(`[data-testid=\"${arguments[0]}\"]`).open = true; return true;";
        self.script::<bool>(body, &[testid.into()]).await?;
        Ok(())
    }

    /// Gives a file to a file chooser.
    ///
    /// # Errors
    /// The chooser does not come.
    pub async fn give_file(&self, testid: &str, file: &Path) -> anyhow::Result<()> {
        let chooser = self.wait_for(testid, SOON).await?;
        Ok(chooser.send_keys(file.to_str().context("a path that is no text")?).await?)
    }

    /// Text of the first element with this test id, once it is there.
    ///
    /// # Errors
    /// It does not come.
    pub async fn text(&self, testid: &str) -> anyhow::Result<String> {
        Ok(self.wait_for(testid, SOON).await?.text().await?)
    }

    /// An attribute of the first element with this test id, once both are there.
    ///
    /// # Errors
    /// They do not come.
    pub async fn attribute(&self, testid: &str, name: &str) -> anyhow::Result<String> {
        until(&format!("`{name}` of `{testid}`"), SOON, async || match self.find(testid).await? {
            Some(element) => Ok(element.attr(name).await?),
            None => Ok(None),
        })
        .await
    }

    /// The newest saved file whose name ends so, once it is complete.
    ///
    /// # Errors
    /// None is saved.
    pub async fn download(&self, ending: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder.path().join("downloads");
        until(&format!("a saved file `…{ending}`"), SOON, async || {
            let mut newest = None;
            for entry in std::fs::read_dir(&folder)? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.ends_with(".crdownload") {
                    return Ok(None);
                }
                if name.ends_with(ending) {
                    newest = newest.max(Some((entry.metadata()?.modified()?, entry.path())));
                }
            }
            Ok(newest.map(|(_, path)| path))
        })
        .await
    }

    /// A folder of this browser for files that a story makes.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Saves what the browser shows.
    ///
    /// # Errors
    /// The browser is gone.
    pub async fn screenshot(&self, file: &Path) -> anyhow::Result<()> {
        Ok(self.driver.screenshot(file).await?)
    }

    /// Saves the whole page, as long as it is, as a screen of this width shows it; `theme` is `light` or `dark`.
    ///
    /// # Errors
    /// The browser is gone.
    pub async fn picture(&self, file: &Path, width: u32, theme: &str) -> anyhow::Result<()> {
        let metrics = |height: u32| json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", metrics(900)).await?;
        let body = "document.documentElement.dataset.theme = arguments[0]; window.dispatchEvent(new Event('resize')); \
            return document.documentElement.scrollHeight;";
        self.script::<u32>(body, &[theme.into()]).await?;
        self.drawn().await?;
        let height: u32 = self.script(body, &[theme.into()]).await?;
        self.driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", metrics(height.min(12_000))).await?;
        self.drawn().await?;
        self.driver.screenshot(file).await?;
        self.driver.cdp().send_raw("Emulation.clearDeviceMetricsOverride", json!({})).await?;
        Ok(())
    }

    /// Waits until the page was drawn again: two frames begin after whatever changed it.
    async fn drawn(&self) -> anyhow::Result<()> {
        let body = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(true)));";
        self.driver.execute_async(body, Vec::new()).await?;
        Ok(())
    }

    /// How much wider the page is than a screen of this width, in pixels.
    ///
    /// # Errors
    /// The browser is gone.
    pub async fn overflow(&self, width: u32) -> anyhow::Result<i64> {
        let metrics = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", metrics).await?;
        let body = "window.dispatchEvent(new Event('resize')); return document.documentElement.scrollWidth - window.innerWidth;";
        self.script::<i64>(body, &[]).await?;
        self.drawn().await?;
        let overflow = self.script(body, &[]).await?;
        self.driver.cdp().send_raw("Emulation.clearDeviceMetricsOverride", json!({})).await?;
        Ok(overflow)
    }

    /// The page as it stands, for the report of a failure.
    ///
    /// # Errors
    /// The browser is gone.
    pub async fn page_text(&self) -> anyhow::Result<String> {
        self.script("return document.body.innerText;", &[]).await
    }

    /// What the console holds that no story may leave behind: refusals of the content security policy, panics,
    /// uncaught errors. Empties the console.
    ///
    /// # Errors
    /// The browser is gone.
    pub async fn complaints(&self) -> anyhow::Result<Vec<String>> {
        let entries = self.driver.browser_log().await?;
        let messages = entries.into_iter().map(|entry| entry.message);
        Ok(messages
            .filter(|message| COMPLAINTS.iter().any(|complaint| message.contains(complaint)))
            .collect())
    }

    /// Peak resident bytes of the largest renderer process, which is the one of the open tab.
    ///
    /// # Errors
    /// There is no such process.
    pub fn peak_tab_bytes(&self) -> anyhow::Result<u64> {
        let processes = stack::processes()?;
        let mut family = vec![self.process.id()];
        let mut peak = 0;
        let mut next = 0;
        while let Some(parent) = family.get(next).copied() {
            next += 1;
            for process in processes.iter().filter(|process| process.parent == parent) {
                family.push(process.id);
                // Chromium renames such processes, and writes their arguments as one.
                if process.arguments.iter().any(|argument| argument.contains("--type=renderer")) {
                    let status =
                        std::fs::read_to_string(format!("/proc/{}/status", process.id)).unwrap_or_default();
                    peak = peak.max(stack::status_number(&status, "VmHWM:").unwrap_or_default() * 1024);
                }
            }
        }
        ensure!(peak > 0, "the browser has no renderer process");
        Ok(peak)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver and Chromium are one process group; nothing of a profile that is thrown away needs saving.
        end_group(&mut self.process);
    }
}

fn end(mut process: Child) {
    end_group(&mut process);
}

fn end_group(process: &mut Child) {
    if let Some(group) = i32::try_from(process.id()).ok().and_then(Pid::from_raw) {
        // Gone already: then there is nothing to end.
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = process.wait();
}

/// Starts `chromedriver` and, through it, Chromium; more than once on a machine that is too busy for the first try.
async fn connect(folder: &Path, capabilities: ChromeCapabilities) -> anyhow::Result<(Child, WebDriver)> {
    let mut tries_left = 3;
    loop {
        let (process, port) = start_driver(folder)?;
        let started = WebDriver::builder(format!("http://127.0.0.1:{port}"), capabilities.clone())
            .request_timeout(LONG)
            .connect()
            .await;
        tries_left -= 1;
        match started {
            Ok(driver) => return Ok((process, driver)),
            Err(error) => {
                end(process);
                if tries_left == 0 {
                    return Err(error).context("Chromium does not start");
                }
                eprintln!("Chromium does not start, trying again: {error}");
            }
        }
    }
}

/// Starts `chromedriver` on a port that it chooses, and tells the port.
fn start_driver(folder: &Path) -> anyhow::Result<(Child, u16)> {
    let program = std::env::var_os("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
    let mut process = Command::new(&program)
        .arg("--port=0")
        .arg(format!("--log-path={}", folder.join("chromedriver.log").display()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .with_context(|| {
            format!("{} cannot be started: install Chromium and ChromeDriver", Path::new(&program).display())
        })?;
    let stdout = process.stdout.take().context("a piped output is missing")?;
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next().transpose()? {
        if let Some((_, port)) = line.split_once(READY) {
            let port = port.trim_end_matches('.').parse()?;
            // Read on to the end: a pipe that nobody reads would end the driver when it writes.
            std::thread::spawn(move || lines.for_each(drop));
            return Ok((process, port));
        }
    }
    end(process);
    bail!("chromedriver ended without naming its port")
}

fn find(program: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())?
        .to_str()
        .map(str::to_owned)
}
