"""The AWS side on one machine: embedded AWS, MediaConvert emulator, provisioning, supervisor, demo."""
