mod fixture;
mod hostile;
mod migration;
mod pointers;
mod property;
mod spans;
