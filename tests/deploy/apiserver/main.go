// An API server of Kubernetes with its storage in one process, for `kubectl apply --dry-run=server`.
package main

import (
	"net/url"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	folder, peers, clients := os.Args[1], os.Args[2], os.Args[3]
	storage := embed.NewConfig()
	storage.Dir = filepath.Join(folder, "etcd")
	storage.LogLevel = "error"
	storage.ListenClientUrls = []url.URL{local(clients)}
	storage.AdvertiseClientUrls = storage.ListenClientUrls
	storage.ListenPeerUrls = []url.URL{local(peers)}
	storage.AdvertisePeerUrls = storage.ListenPeerUrls
	storage.InitialCluster = storage.InitialClusterFromName(storage.Name)
	running, err := embed.StartEtcd(storage)
	if err != nil {
		panic(err)
	}
	<-running.Server.ReadyNotify()
	command := app.NewAPIServerCommand()
	command.SetArgs(append([]string{"--etcd-servers=http://127.0.0.1:" + clients}, os.Args[4:]...))
	os.Exit(cli.Run(command))
}

func local(port string) url.URL {
	return url.URL{Scheme: "http", Host: "127.0.0.1:" + port}
}
