//! Prints the author that gitoxide would commit as in the repository of a folder.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).ok_or("usage: gitoxide-author FOLDER")?;
    let repository = gix::open(folder)?;
    match repository.author().transpose()? {
        Some(author) => println!("{} <{}>", author.name, author.email),
        None => println!("nobody"),
    }
    Ok(())
}
