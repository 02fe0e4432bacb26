"""What tests share: servers to ask, machines to look at, cases that several of them try."""
