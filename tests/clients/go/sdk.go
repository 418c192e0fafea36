// sdk REPOSITORY GIVEN SOURCE DESTINATION: a tree up and another down.
package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	ctx := context.Background()
	repo, given, src, dst := aws.String(os.Args[1]), os.Args[2], os.Args[3], os.Args[4]
	cfg, err := config.LoadDefaultConfig(ctx)
	must(err)
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })

	must(filepath.WalkDir(src, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		must(err)
		defer f.Close()
		_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: repo, Body: f,
			Key: aws.String("main/up/" + strings.TrimPrefix(path, src+"/"))})
		return err
	}))

	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: repo,
		Prefix: aws.String(given), MaxKeys: aws.Int32(2)})
	down := manager.NewDownloader(client)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		must(err)
		for _, o := range page.Contents {
			path := filepath.Join(dst, strings.TrimPrefix(*o.Key, given))
			must(os.MkdirAll(filepath.Dir(path), 0o755))
			f, err := os.Create(path)
			must(err)
			_, err = down.Download(ctx, f, &s3.GetObjectInput{Bucket: repo, Key: o.Key})
			must(err)
			must(f.Close())
		}
	}

	f, err := os.Open(filepath.Join(src, "big.bin"))
	must(err)
	_, err = manager.NewUploader(client).Upload(ctx, &s3.PutObjectInput{Bucket: repo,
		Key: aws.String("main/parts"), Body: f})
	must(err)
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: repo, Key: aws.String("main/parts"),
		Body: strings.NewReader("x"), IfNoneMatch: aws.String("*")})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "PreconditionFailed" {
		panic("If-None-Match was ignored")
	}
	_, err = client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: repo, Delete: &types.Delete{
		Objects: []types.ObjectIdentifier{{Key: aws.String("main/none")}}}})
	must(err)
}
