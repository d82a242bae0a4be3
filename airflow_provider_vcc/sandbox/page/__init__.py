"""What a browser sees of the sandbox: pages of plain HTML, made on the server, without scripts."""
