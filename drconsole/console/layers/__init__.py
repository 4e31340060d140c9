"""The application in layers, each hearing less than the one above; `app.ConsoleApp` is the top."""
