"""Our own repository as the first user of `amlemu parity`."""
