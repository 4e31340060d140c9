"""The vim25 SOAP door: requests into calls on managed objects, results and faults back."""
