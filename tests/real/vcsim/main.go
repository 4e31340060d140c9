// A vSphere API server that this project did not write: govmomi's simulator, with TLS, on loopback.
//
// Says its address and the file of its certificate on stdout, then serves until SIGTERM.
package main

import (
	"crypto/tls"
	"encoding/pem"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/esx"
)

func main() {
	model := simulator.VPX()
	counts := map[string]*int{
		"datacenters": &model.Datacenter, "clusters": &model.Cluster, "cluster-hosts": &model.ClusterHost,
		"standalone-hosts": &model.Host, "pools": &model.Pool, "guests": &model.Machine, "vapps": &model.App,
		"port-groups": &model.Portgroup, "datastores": &model.Datastore, "folders": &model.Folder,
		"pods": &model.Pod,
	}
	for name, count := range counts {
		flag.IntVar(count, name, *count, "how many, as the simulator counts them")
	}
	user := flag.String("user", "administrator@vsphere.local", "who may log in")
	password := flag.String("password", "", "with which password")
	flag.Parse()

	// The second NIC of each host has no cable.
	esx.HostSystem.Config.Network.Pnic[1].LinkSpeed = nil
	if err := model.Create(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	model.Service.TLS = new(tls.Config)
	model.Service.RegisterEndpoints = true
	model.Service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword(*user, *password)}
	server := model.Service.NewServer()

	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	fmt.Printf("listening %s\n%s\n", server.URL.Host, certificate)

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
	server.Close()
	model.Remove()
}
