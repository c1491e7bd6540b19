"""The outside parties: payment providers, the mailbox, the customers. Each a process of its own."""
