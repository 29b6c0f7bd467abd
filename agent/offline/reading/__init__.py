"""What is read from a question before any calculator is looked at: words, names, quantities, and what is wanted."""
