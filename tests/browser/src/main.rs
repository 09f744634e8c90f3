//! Pictures of a whole page, as wide as phones, tablets and desks have it, light and dark, piece by piece, for people
//! to look at:
//!
//! ```sh
//! cargo run -p etudiant-browser --features chromium --bin screenshots -- report.html pictures
//! ```

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use browser::{Browser, Window};

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [page, folder] = arguments.as_slice() else {
        eprintln!("usage: screenshots PAGE.html FOLDER");
        return ExitCode::from(2);
    };
    match take(page, folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}, {}: {error}", page.display(), folder.display());
            ExitCode::FAILURE
        }
    }
}

fn take(page: &Path, folder: &Path) -> io::Result<()> {
    page.metadata()?;
    fs::create_dir_all(folder)?;
    let browser = Browser::open(page, Window::default());
    for width in [360, 800, 1400] {
        for (is_dark, light) in [(false, "light"), (true, "dark")] {
            browser.look_through(Window { width, is_dark, ..Window::default() });
            for (at, picture) in browser.pictures().iter().enumerate() {
                let file = folder.join(format!("{width}-{light}-{at:02}.png"));
                fs::write(&file, picture)?;
                println!("{}", file.display());
            }
        }
    }
    Ok(())
}
