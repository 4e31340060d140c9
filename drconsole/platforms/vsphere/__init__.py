"""VMware vSphere: sessions, capture, live inventory, and the steps that rebuild a site."""
